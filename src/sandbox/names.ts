import { type Draw, pick } from './draw.ts'
import type { Families } from './family.ts'
import { keyOf, type Person } from './person-number.ts'

/** Topics of draws; 200–299 belong to this file. */
const TOPIC = { ethnicity: 200, family: 201, middle: 202, given: 203, long: 204 } as const

const words = (text: string): readonly string[] => text.trim().split(/\s*,\s*/)

/** Weighted by repetition, roughly as common as they are. */
const KINH_FAMILIES =
  words(`Nguyễn, Nguyễn, Nguyễn, Nguyễn, Nguyễn, Nguyễn, Nguyễn, Trần, Trần, Trần, Lê, Lê, Lê, Phạm,
  Phạm, Hoàng, Huỳnh, Phan, Vũ, Võ, Đặng, Bùi, Đỗ, Hồ, Ngô, Dương, Lý, Đinh, Đoàn, Lương, Trịnh, Mỵ, Đường`)
const MALE_MIDDLES = words(
  'Văn, Văn, Hữu, Đức, Minh, Quốc, Thế, Đình, Xuân, Công, Bá, Việt, Hải, Ngọc, Quý, Thúc',
)
const FEMALE_MIDDLES = words(
  'Thị, Thị, Ngọc, Thanh, Thùy, Diễm, Kim, Mỹ, Thị Hồng, Thị Thu, Phương, Quỳnh, Bảo, Ánh',
)
const MALE_GIVEN =
  words(`Đức, Tuế, Nghĩa, Kỷ, Quý, Vỹ, Sỹ, Hòa, Thụy, Phước, Trường, Ước, Đạt, Dũng, Hiếu, Khuyến, Quyền,
  Tuyến, Thế, Đĩnh, Huỳnh, Bửu, Hưởng, Kiệt, Lý, An, Bảo, Ân, Ánh, Đào`)
const FEMALE_GIVEN =
  words(`Huế, Quế, Mỹ, Thúy, Hòa, Nguyệt, Yến, Đào, Ánh, Thủy, Loan, Uyên, Duyên, Xuân, Khuê, Ỷ, Hằng,
  Hường, Phượng, Tuyết, Diệu, Ngân, Trà, Quỳnh, Lụa, Én, Đoan, Ước, Dung, Vy`)
/** With these a name passes 30 letters: forms and cards are often too short for them. */
const LONG_MALE_MIDDLES = words(
  'Phúc Nguyễn Trường Hoàng Vĩnh, Đặng Quốc Trường Khương Thịnh, Hoàng Nguyễn Đăng Khánh Thường',
)
const LONG_FEMALE_MIDDLES = words(
  'Hoàng Nguyễn Thị Khánh Nguyệt, Phước Trương Thị Huyền Thương, Hoàng Phương Thị Trường Quỳnh',
)

/** How a people name their own. */
interface Naming {
  /** Code of the list of ethnic groups (Decision 121-TCTK/PPCĐ of 1979). */
  readonly ethnicity: string
  readonly families: readonly string[]
  readonly male: readonly string[]
  readonly female: readonly string[]
  compose(person: Person, family: string, given: string): string
}

const familyFirst = (_: Person, family: string, given: string): string => `${family} ${given}`

const NAMINGS: readonly Naming[] = [
  {
    ethnicity: '12',
    families: words('Niê Kđăm, Niê Kđăm, Niê, Mlô, Êban, Byă, Ayun, Ksơr'),
    male: words('Thăng, Thăng, Bhiăo, Wưt, Tlur, Khương, Djŭ'),
    female: words('Hen, Luân, Mrư, Ŭng, Ngơr, Wik'),
    compose: (person, family, given) =>
      person.sex === 'male' ? `Y ${given} ${family}` : `H'${given} ${family}`,
  },
  {
    // No family name: K'Brơi is a whole name.
    ethnicity: '16',
    families: [''],
    male: words('Brơi, Brơi, Brởi, Tĕh, Wét, Sỹ, Lóe'),
    female: words('Đìu, Nhớ, Kĕ, Hương'),
    compose: (person, _, given) => (person.sex === 'male' ? `K'${given}` : `Ka ${given}`),
  },
  {
    ethnicity: '20',
    families: [''],
    male: words('Brê, Khuê, Tông'),
    female: words('Hen, Mai, Nhơr'),
    compose: (person, _, given) => (person.sex === 'male' ? `Y ${given}` : `H'${given}`),
  },
  {
    ethnicity: '10',
    families: words('Rơ Châm, Siu, Ksor, Kpă, Nay, Rmah'),
    male: words('Hwin, Thuyên, Bơt, Djuan, Glơk'),
    female: words("H'Bia, H'Nhi, H'Ƀlơi, H'Dung"),
    compose: familyFirst,
  },
  {
    ethnicity: '05',
    families: words('Thạch, Sơn, Kim, Danh, Châu'),
    male: words('Sô Phi, Ươl, Khêl, Sà Rương'),
    female: words('Thị Sa Rây, Thị Ươne, Sóc Kha'),
    compose: familyFirst,
  },
  {
    ethnicity: '08',
    families: words('Giàng, Vàng, Sùng, Mùa, Thào'),
    male: words('A Phủ, A Dế, Mí Sính, Seo Lử'),
    female: words('Thị Mỵ, Thị Dở, Thị Xế'),
    compose: familyFirst,
  },
  {
    ethnicity: '03',
    families: words('Lò, Cà, Quàng, Lường, Tòng'),
    male: words('Văn Ến, Văn Ỏn, Văn Ướng'),
    female: words('Thị Ỏm, Thị Ín, Thị Ường'),
    compose: familyFirst,
  },
]

/** Names and ethnic groups; both come down from the father, as far back as the register reaches. */
export interface Names {
  /** Composed (NFC), single-spaced, capitalised as on a card. */
  fullNameOf(person: Person): string
  ethnicityOf(person: Person): string
  /** A name for somebody the register does not hold, of the same family as a child that it holds. */
  nameForebear(child: Person, sex: Person['sex']): string
}

/** @returns the names of the country that a draw and its families describe. */
export function createNames(draw: Draw, families: Families): Names {
  /** The oldest forefather in the register: family name and ethnic group are drawn for him. */
  function rootOf(person: Person): number {
    const parents = families.parentsOf(person)
    return parents === undefined ? keyOf(person) : rootOf(parents.husband)
  }

  function namingOf(root: number): Naming | undefined {
    // A twelfth of the people belong to the peoples above, the rest are Kinh.
    const drawn = draw(TOPIC.ethnicity, root) % (NAMINGS.length * 12)
    return NAMINGS[drawn]
  }

  function nameKinh(person: Person, root: number, key: number): string {
    const [middles, longMiddles, given] =
      person.sex === 'male'
        ? [MALE_MIDDLES, LONG_MALE_MIDDLES, MALE_GIVEN]
        : [FEMALE_MIDDLES, LONG_FEMALE_MIDDLES, FEMALE_GIVEN]
    const middle = pick(draw(TOPIC.long, key) % 64 === 0 ? longMiddles : middles, draw(TOPIC.middle, key))
    return `${pick(KINH_FAMILIES, draw(TOPIC.family, root))} ${middle} ${pick(given, draw(TOPIC.given, key))}`
  }

  function compose(person: Person, root: number, key: number): string {
    const naming = namingOf(root)
    if (naming === undefined) return nameKinh(person, root, key)
    const given = pick(person.sex === 'male' ? naming.male : naming.female, draw(TOPIC.given, key))
    return naming.compose(person, pick(naming.families, draw(TOPIC.family, root)), given).normalize('NFC')
  }

  return {
    fullNameOf: (person) => compose(person, rootOf(person), keyOf(person)),
    ethnicityOf: (person) => namingOf(rootOf(person))?.ethnicity ?? '01',
    nameForebear(child, sex) {
      // The father has the child's family name; the mother's is her own.
      const key = (keyOf(child) ^ (sex === 'male' ? 0x40000000 : 0x20000000)) >>> 0
      return compose({ ...child, sex }, sex === 'male' ? rootOf(child) : key, key)
    },
  }
}
