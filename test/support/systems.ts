import type { Bilingual } from '../../src/model/identifier.ts'

/** How data moves: L look-up, V verification, S submission and status sync, and so on. */
export const MODES = {
  L: 'lookup',
  V: 'verify',
  S: 'submit and status sync',
  B: 'bulk match',
  E: 'events',
  D: 'document, at once or later',
  R: 'report',
  P: 'payment reconciliation',
  C: 'composite or linked procedure',
  T: 'document after days',
  A: "with the citizen's consent",
  K: 'approval of applications for connection',
  N: 'anonymised package',
  M: 'metering of products',
} as const

/** One system, data set or portal that the requirements name, as `docs/systems.md` tells of it. */
export interface SystemRow {
  readonly number: number
  readonly name: Bilingual
  /** What the requirements say of its size. */
  readonly figures?: string
  /** Services of the registry that stand for it. */
  readonly services: readonly string[]
  /** Modes its exchanges use here. */
  readonly modes: readonly (keyof typeof MODES)[]
  /** Tests, file and title, where no service stands for it but the gateway itself does it. */
  readonly heldBy?: readonly (readonly [file: string, title: string])[]
  /** What of it is not working yet. */
  readonly open?: string
  /** Why it is nothing a gateway carries. */
  readonly outside?: string
}

const CITIZEN = 'G01/dan-cu/cong-dan/v1'
const PORTAL = 'G22/dich-vu-cong/ho-so/v1'

export const SYSTEMS: readonly SystemRow[] = [
  {
    number: 1,
    name: { vi: 'CSDL quốc gia về dân cư', en: 'National population database' },
    figures: 'hundreds of millions of records verified (2024)',
    services: [CITIZEN, 'G01/dan-cu/cong-dan-cu/v1'],
    modes: ['L', 'V', 'B', 'E'],
  },
  {
    number: 2,
    name: { vi: 'Dữ liệu tiêm chủng', en: 'Vaccination records' },
    figures: '78 million citizens, 133 million doses',
    services: ['G18/tiem-chung/mui-tiem/v1'],
    modes: ['L', 'V', 'S', 'B', 'E'],
  },
  {
    number: 3,
    name: { vi: 'Cán bộ, công chức, viên chức; giáo viên', en: 'Officials and teachers' },
    figures: '570,000 records',
    services: ['G09/can-bo/ho-so/v1'],
    modes: ['L', 'V', 'S', 'B'],
  },
  {
    number: 4,
    name: { vi: 'Căn cước trong khám, chữa bệnh', en: 'Identity card in medical visits' },
    services: ['G12/bao-hiem/tham-gia/v1'],
    modes: ['V'],
  },
  {
    number: 5,
    name: { vi: 'CSDL quốc gia về đất đai', en: 'National land database' },
    services: ['G10/dat-dai/thua-dat/v1', 'G12/thue/nguoi-nop-thue/v1'],
    modes: ['L', 'V', 'S', 'E'],
  },
  {
    number: 6,
    name: { vi: 'CSDL quốc gia về bảo hiểm', en: 'Insurance database' },
    services: ['G12/bao-hiem/tham-gia/v1'],
    modes: ['L', 'V', 'B'],
  },
  {
    number: 7,
    name: { vi: 'CSDL hộ tịch điện tử', en: 'Electronic civil status database' },
    figures: '23 million births, 4.5 million marriages, 3.2 million deaths',
    services: ['G15/ho-tich/su-kien/v1'],
    modes: ['L', 'V', 'S', 'D', 'E'],
  },
  {
    number: 8,
    name: { vi: 'CSDL quốc gia về đăng ký doanh nghiệp', en: 'Business registration database' },
    figures: 'over 1 million enterprises',
    services: ['G12/dang-ky-kinh-doanh/doanh-nghiep/v1'],
    modes: ['L', 'V', 'B', 'E'],
  },
  {
    number: 9,
    name: { vi: 'Hệ thống hóa đơn điện tử', en: 'E-invoice system' },
    figures: '77,732,636 invoices in a quarter',
    services: ['G12/hoa-don/hoa-don-dien-tu/v1'],
    modes: ['L', 'S', 'R'],
  },
  {
    number: 10,
    name: { vi: 'Cổng Dịch vụ công quốc gia', en: 'National Public Service Portal' },
    figures: '14 million dossiers synchronised, 163,000 payments in a quarter',
    services: [PORTAL],
    modes: ['S', 'P', 'R'],
  },
  {
    number: 11,
    name: { vi: 'Hệ thống một cửa, giải quyết thủ tục hành chính', en: 'One-stop systems' },
    figures: 'full-online dossiers 42 %',
    services: [PORTAL, 'H29/kho-giay-to/giay-to/v1'],
    modes: ['S', 'L'],
  },
  {
    number: 12,
    name: { vi: 'Đo lường trực tuyến dịch vụ công', en: 'Online measurement of public services' },
    services: ['G06/do-luong/chi-so/v1'],
    modes: ['R'],
  },
  {
    number: 13,
    name: { vi: 'Cơ chế một cửa quốc gia', en: 'National single window' },
    figures: '16 of 60 procedures connected',
    services: ['G12/mot-cua-quoc-gia/giay-phep/v1'],
    modes: ['S', 'D', 'E'],
  },
  {
    number: 14,
    name: {
      vi: 'Dịch vụ công trực tuyến Bộ Công Thương',
      en: 'Online services of the Ministry of Industry and Trade',
    },
    figures: '45 % connected to the portal',
    services: [PORTAL],
    modes: ['S'],
  },
  {
    number: 15,
    name: { vi: 'Quản lý kinh doanh xăng dầu', en: 'Fuel trading management' },
    figures: '36 principal traders, 330 distributors, 17,000 stations',
    services: ['G02/xang-dau/ton-kho/v1', 'G12/hoa-don/hoa-don-dien-tu/v1'],
    modes: ['S', 'L', 'R'],
  },
  {
    number: 16,
    name: { vi: 'CSDL điện, khoáng sản', en: 'Electricity and minerals databases' },
    services: ['G02/dien-khoang-san/so-lieu/v1'],
    modes: ['R'],
  },
  {
    number: 17,
    name: { vi: 'Dữ liệu xuất nhập khẩu', en: 'Import and export data' },
    services: ['G12/hai-quan/to-khai/v1'],
    modes: ['L', 'R', 'E'],
  },
  {
    number: 18,
    name: { vi: 'Phòng, chống gian lận thương mại điện tử', en: 'E-commerce anti-fraud programme' },
    services: ['G02/thuong-mai-dien-tu/vu-viec/v1'],
    modes: ['L', 'S'],
  },
  {
    number: 19,
    name: { vi: 'Tham tán thương mại, dữ liệu thị trường FTA', en: 'Trade counsellors, market data' },
    services: [],
    modes: [],
    outside: 'publications, nothing exchanged between systems',
  },
  {
    number: 20,
    name: { vi: 'Nền tảng NDXP: giao dịch tăng 67 %', en: 'NDXP itself: transactions up 67 %' },
    figures: '+67 % in the first half of 2024',
    services: [],
    modes: ['R'],
    heldBy: [
      [
        'test/cli/report.test.ts',
        'tells +67 % where 167 exchanges stand against 100, readings of the log left out',
      ],
      [
        'test/scenarios/audit.test.ts',
        'gives figures to each role as it may see them, small counts only to those within',
      ],
    ],
  },
  {
    number: 21,
    name: { vi: 'Sàn giao dịch dữ liệu', en: 'Data exchange floor' },
    services: ['G01/danh-muc-du-lieu/bo-du-lieu/v1', 'G18/bao-tro/doi-tuong/v1'],
    modes: ['L', 'N', 'M'],
    heldBy: [
      [
        'test/scenarios/anonymised-set.test.ts',
        'has no class of fewer than k rows, and two values of what is sensitive in each',
      ],
      ['test/scenarios/anonymised-set.test.ts', 'is metered by consumer and product as it is handed over'],
    ],
  },
  {
    number: 22,
    name: { vi: 'CSDL quốc gia, bộ ngành; dữ liệu cốt lõi', en: 'Core data of ministries' },
    services: ['G01/danh-muc-du-lieu/bo-du-lieu/v1'],
    modes: ['L'],
  },
  {
    number: 23,
    name: { vi: 'Hệ thống chỉ đạo điều hành, IOC', en: "Government's online command, operations centres" },
    services: ['G22/chi-dao-dieu-hanh/chi-tieu/v1'],
    modes: ['R'],
  },
  {
    number: 24,
    name: { vi: 'Trợ lý ảo cho công chức', en: 'Virtual assistants' },
    services: [],
    modes: [],
    outside: 'an assistant is a consumer like any other',
  },
  {
    number: 25,
    name: { vi: 'Gắn số định danh với hồ sơ', en: 'A personal id on every dossier' },
    figures: 'target: 100 % of dossiers',
    services: [CITIZEN],
    modes: ['V'],
  },
  {
    number: 26,
    name: { vi: 'Vùng lõm sóng di động', en: 'Places without mobile signal' },
    figures: '821 places',
    services: [CITIZEN],
    modes: ['V', 'B'],
  },
  {
    number: 27,
    name: { vi: 'VNeID', en: 'VNeID' },
    figures: '55.25 million accounts',
    services: ['G01/vneid/dinh-danh/v1'],
    modes: ['V', 'A'],
  },
  {
    number: 28,
    name: { vi: 'Liên thông khai sinh, khai tử', en: 'Linked births and deaths' },
    services: ['G15/ho-tich/su-kien/v1', 'G01/cu-tru/cap-so/v1', 'G12/bao-hiem/tham-gia/v1'],
    modes: ['S', 'C'],
  },
  {
    number: 29,
    name: { vi: 'Sổ sức khỏe điện tử', en: 'Electronic health book' },
    figures: '90 % of the insured',
    services: ['G18/so-suc-khoe/so/v1'],
    modes: ['L', 'A'],
  },
  {
    number: 30,
    name: { vi: 'Phiếu lý lịch tư pháp trên VNeID', en: 'Criminal record certificate' },
    services: ['G01/ly-lich-tu-phap/phieu/v1'],
    modes: ['T'],
  },
  {
    number: 31,
    name: { vi: 'Học bạ số', en: 'Digital student record' },
    figures: '100 % of pupils',
    services: ['G03/hoc-ba/hoc-ba-so/v1'],
    modes: ['L', 'V', 'S', 'B', 'D'],
    heldBy: [
      [
        'test/scenarios/signatures.test.ts',
        'make a student record a document, answered at once, that whoever is handed it can check',
      ],
    ],
  },
  {
    number: 32,
    name: { vi: 'Làm sạch dữ liệu các ngành', en: 'Cleaning of sector data' },
    services: ['G18/bao-tro/doi-tuong/v1', CITIZEN],
    modes: ['L', 'V', 'B'],
  },
  {
    number: 33,
    name: { vi: 'Kho dữ liệu số của tỉnh', en: 'Provincial data warehouse' },
    services: ['H21/kho-du-lieu/nap-du-lieu/v1'],
    modes: ['S', 'L'],
  },
  {
    number: 34,
    name: { vi: 'Hệ thống quản lý điều hành của tỉnh', en: 'Provincial management system' },
    services: ['H21/kho-du-lieu/nap-du-lieu/v1', 'G22/chi-dao-dieu-hanh/chi-tieu/v1'],
    modes: ['L', 'R'],
  },
  {
    number: 35,
    name: { vi: 'Chỉ số phục vụ người dân, doanh nghiệp', en: 'Index of service to citizens and business' },
    figures: 'Bình Định 91.39',
    services: ['G06/do-luong/chi-so/v1'],
    modes: ['R'],
  },
  {
    number: 36,
    name: { vi: 'Ký số của lãnh đạo', en: 'Digital signing by leaders' },
    services: [],
    modes: ['K'],
    heldBy: [
      ['test/scenarios/applications.test.ts', 'are decided by an appraiser alone'],
      [
        'test/scenarios/applications.test.ts',
        'give, once approved, an agreement that the registry takes and exchanges go by',
      ],
      [
        'test/scenarios/signed-approvals.test.ts',
        'take effect once the leader has signed their canonical text, and openssl alone verifies them',
      ],
      [
        'test/scenarios/signed-approvals.test.ts',
        'do not take effect by a signature of another text, application, approver or authority',
      ],
    ],
  },
  {
    number: 37,
    name: { vi: 'Thanh toán không tiền mặt', en: 'Cashless payment' },
    figures: '100 % of public hospitals',
    services: [PORTAL],
    modes: ['P'],
  },
  {
    number: 38,
    name: { vi: 'Địa chỉ số quốc gia', en: 'National digital address' },
    services: ['G09/don-vi-hanh-chinh/dia-chi/v1'],
    modes: ['L'],
  },
]
