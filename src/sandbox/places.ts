/**
 * Administrative units for synthetic addresses: the 34 provinces in force since 01/07/2025 with five real
 * communes each, and 53 communes of nine provinces as they stood before. Codes were used again in the reform,
 * so each address says which list its codes belong to.
 */

import { COMMUNE_PARTS, type CommunePart } from '../model/administrative-unit.ts'

/** Address of the shape `dictionary/address.yaml` gives it. */
export interface Address {
  readonly scheme: 'DVHC-2025-07' | 'DVHC-pre-2025-07'
  readonly province: string
  readonly district?: string
  readonly ward: string
  readonly asOf: string
  readonly detail?: string
}

/** A commune of the list in force since 01/07/2025. */
export interface Ward {
  readonly code: string
  readonly name: string
  readonly province: string
  readonly provinceName: string
}

/** Province code and name, then codes and names of communes: `P.` phường, `ĐK.` đặc khu, the others xã. */
const PROVINCES = `
01 thành phố Hà Nội
   00004 P. Ba Đình; 00070 P. Hoàn Kiếm; 00167 P. Cầu Giấy; 09574 P. Sơn Tây; 00454 Đông Anh
04 tỉnh Cao Bằng
   01273 P. Thục Phán; 01321 Bảo Lạc; 01477 Trùng Khánh; 01438 Hà Quảng; 01561 Hạ Lang
08 tỉnh Tuyên Quang
   02215 P. Minh Xuân; 00721 Đồng Văn; 00769 Mèo Vạc; 02545 Tân Trào; 00694 P. Hà Giang 1
11 tỉnh Điện Biên
   03127 P. Điện Biên Phủ; 03334 P. Mường Thanh; 03253 Tuần Giáo; 03217 Tủa Chùa; 03160 Mường Nhé
12 tỉnh Lai Châu
   03388 P. Đoàn Kết; 03408 P. Tân Phong; 03595 Than Uyên; 03478 Sìn Hồ; 03445 Mường Tè
14 tỉnh Sơn La
   03646 P. Tô Hiệu; 03980 P. Mộc Châu; 03721 Thuận Châu; 04105 Mai Sơn; 03910 Phù Yên
15 tỉnh Lào Cai
   02647 P. Lào Cai; 03006 P. Sa Pa; 04252 P. Yên Bái; 02839 Bắc Hà; 04456 Mù Cang Chải
19 tỉnh Thái Nguyên
   05443 P. Phan Đình Phùng; 05518 P. Sông Công; 01840 P. Đức Xuân; 05830 Đại Từ; 01906 Ba Bể
20 tỉnh Lạng Sơn
   05977 P. Đông Kinh; 06040 Thất Khê; 06325 Bắc Sơn; 06184 Đồng Đăng; 06385 Hữu Lũng
22 tỉnh Quảng Ninh
   06685 P. Hồng Gai; 06673 P. Bãi Cháy; 06811 P. Uông Bí; 06994 ĐK. Vân Đồn; 06838 Bình Liêu
24 tỉnh Bắc Ninh
   09187 P. Kinh Bắc; 07210 P. Bắc Giang; 09367 P. Từ Sơn; 07288 Yên Thế; 09319 Tiên Du
25 tỉnh Phú Thọ
   08707 P. Vĩnh Yên; 08740 P. Phúc Yên; 04795 P. Hòa Bình; 08911 Tam Đảo; 05200 Mai Châu
31 thành phố Hải Phòng
   11311 P. Hồng Bàng; 11383 P. Lê Chân; 10525 P. Hải Dương; 11914 ĐK. Cát Hải; 11824 Vĩnh Bảo
33 tỉnh Hưng Yên
   11953 P. Phố Hiến; 12103 P. Mỹ Hào; 13225 P. Thái Bình; 12019 Văn Giang; 12970 Tiền Hải
37 tỉnh Ninh Bình
   14329 P. Hoa Lư; 13666 P. Nam Định; 13291 P. Phủ Lý; 14620 Phát Diệm; 14464 Gia Viễn
38 tỉnh Thanh Hóa
   14797 P. Hạc Thành; 16531 P. Sầm Sơn; 15499 Thọ Xuân; 14845 Mường Lát; 16279 Nông Cống
40 tỉnh Nghệ An
   16681 P. Thành Vinh; 16732 P. Cửa Lò; 17110 P. Hoàng Mai; 17935 Nam Đàn; 16876 Tương Dương
42 tỉnh Hà Tĩnh
   18073 P. Thành Sen; 18823 P. Vũng Áng; 18406 Can Lộc; 18133 Hương Sơn; 18352 Nghi Xuân
44 tỉnh Quảng Trị
   18880 P. Đồng Hới; 19333 P. Đông Hà; 19165 Phong Nha; 19429 Khe Sanh; 19564 Đakrông
46 thành phố Huế
   19786 P. Thuận Hóa; 19777 P. Vỹ Dạ; 19810 P. Kim Long; 20056 A Lưới 1; 20107 Phú Lộc
48 thành phố Đà Nẵng
   20242 P. Hải Châu; 20263 P. Sơn Trà; 20410 P. Hội An; 20341 P. Tam Kỳ; 20551 P. Điện Bàn
51 tỉnh Quảng Ngãi
   21025 P. Cẩm Thành; 23293 P. Kon Tum; 21548 ĐK. Lý Sơn; 23473 Măng Đen; 21439 P. Đức Phổ
52 tỉnh Gia Lai
   21583 P. Quy Nhơn; 23575 P. Pleiku; 21664 P. Hoài Nhơn; 23638 Kbang; 23842 Đăk Song
56 tỉnh Khánh Hòa
   22366 P. Nha Trang; 22420 P. Cam Ranh; 22759 P. Phan Rang; 22528 P. Ninh Hòa; 22609 Khánh Vĩnh
66 tỉnh Đắk Lắk
   24133 P. Buôn Ma Thuột; 22015 P. Tuy Hòa; 24305 P. Buôn Hồ; 24184 Ea H’leo; 24412 M’Drắk
68 tỉnh Lâm Đồng
   24781 P. Xuân Hương - Đà Lạt; 22945 P. Phan Thiết; 24829 P. B'Lao; 24611 P. Bắc Gia Nghĩa; 24931 Đơn Dương
75 thành phố Đồng Nai
   26041 P. Trấn Biên; 25195 P. Bình Phước; 26080 P. Long Khánh; 26368 Long Thành; 25396 Bù Đăng
79 Thành phố Hồ Chí Minh
   26740 P. Sài Gòn; 26743 P. Bến Thành; 25747 P. Thủ Dầu Một; 26506 P. Vũng Tàu; 27664 Cần Giờ
80 tỉnh Tây Ninh
   27787 P. Kiến Tường; 27721 Tân Hưng; 27826 Tân Thạnh; 27736 Vĩnh Thạnh; 27823 Mộc Hoá
82 tỉnh Đồng Tháp
   29869 P. Cao Lãnh; 29905 P. Sa Đéc; 30001 Tràm Chim; 28594 Chợ Gạo; 30037 Tháp Mười
86 tỉnh Vĩnh Long
   29551 P. Long Châu; 29242 P. Trà Vinh; 28777 P. An Hội; 29821 Trà Ôn; 29110 Ba Tri
91 tỉnh An Giang
   30307 P. Long Xuyên; 30316 P. Châu Đốc; 30742 P. Rạch Giá; 31078 ĐK. Phú Quốc; 30544 Tri Tôn
92 thành phố Cần Thơ
   31135 P. Ninh Kiều; 31186 P. Cái Răng; 31507 P. Sóc Trăng; 31321 P. Vị Thanh; 31153 P. Ô Môn
96 tỉnh Cà Mau
   32002 P. An Xuyên; 31825 P. Bạc Liêu; 32248 Đất Mũi; 32191 Năm Căn; 31942 P. Giá Rai
`

function wardName(entry: string): string {
  if (entry.startsWith('P. ')) return `Phường ${entry.slice(3)}`
  return entry.startsWith('ĐK. ') ? `Đặc khu ${entry.slice(4)}` : `Xã ${entry}`
}

function parseWards(record: string): Ward[] {
  const [head = '', wards = ''] = record.split('\n')
  return wards
    .trim()
    .split('; ')
    .map((entry) => ({
      code: entry.slice(0, 5),
      name: wardName(entry.slice(6)),
      province: head.slice(0, 2),
      provinceName: head.slice(3),
    }))
}

/** Every commune the sandbox knows, in a fixed order: parcels are numbered by it. */
export const WARDS: readonly Ward[] = PROVINCES.trim()
  .split(/\n(?=\d)/)
  .flatMap(parseWards)

/** Codes of the 34 provinces. */
export const PROVINCE_CODES: readonly string[] = [...new Set(WARDS.map(({ province }) => province))]

/** A commune as it stood before 01/07/2025, and the communes of today that it went into. */
export interface FormerPlace {
  readonly province: string
  readonly district: string
  readonly ward: string
  readonly into: readonly { readonly ward: string; readonly part: CommunePart }[]
}

/** `province/district/ward` of the list before, then the communes of today: whole where nothing is said. */
const FORMER = `
01/001/00001 00097; 01/001/00004 00004; 01/001/00006 00008; 01/001/00007 00008 some, 00025 some; 01/001/00008 00008
01/001/00013 00004; 01/001/00016 00004 some, 00008 some; 01/001/00019 00004 some, 00070 some, 00190 some, 00226 some
01/001/00022 00004 some, 00008 some; 01/001/00025 00008 some, 00025 some, 00199 some; 01/001/00031 00025
01/001/00028 00004 some, 00008 some, 00025 some; 01/001/00034 00025 some, 00190 some; 01/002/00037 00097
01/002/00040 00004 some, 00070 some; 01/002/00043 00070; 01/002/00046 00070; 01/002/00049 00070; 01/002/00052 00070
01/002/00055 00004 some, 00070 some; 01/002/00058 00070; 01/002/00061 00070; 01/002/00064 00070; 01/002/00067 00097
01/002/00070 00070 some, 00082 some; 01/002/00073 00004 some, 00070 some, 00082 some, 00226 some
01/002/00076 00070 some, 00082 some; 01/002/00079 00070 some, 00082 some; 01/002/00082 00082; 01/002/00085 00082
01/002/00088 00082
24/215/07261 07288; 24/217/07405 07375; 27/256/09172 09187; 27/256/09214 09187; 27/261/09391 09367; 27/261/09394 09367
40/419/16948 16951; 40/420/17065 17035; 40/422/17245 17239; 40/425/17458 17476
56/568/22363 22366; 56/569/22414 22420; 56/572/22564 22528; 58/582/22750 22759; 58/582/22762 22759; 58/584/22783 22786
74/720/25789 25777; 74/722/25885 25882; 77/750/26578 26575; 77/754/26731 26728; 79/772/27214 27211; 79/777/27463 27460
`

function isPart(text: string | undefined): text is CommunePart {
  return COMMUNE_PARTS.some((part) => part === text)
}

/** Every former commune that synthetic people were born in, in a fixed order. */
export const FORMER_PLACES: readonly FormerPlace[] = FORMER.trim()
  .split(/[;\n]\s*/)
  .map((entry) => {
    const [place = '', ...into] = entry.split(/(?<=^\S+) |, /)
    const [province = '', district = '', ward = ''] = place.split('/')
    const parts = into.map((each) => {
      const [code = '', part] = each.split(' ')
      return { ward: code, part: isPart(part) ? part : ('whole' as const) }
    })
    return { province, district, ward, into: parts }
  })

/** By the province of the list before: of some provinces far more is known than of others. */
export const FORMER_PROVINCES: readonly (readonly FormerPlace[])[] = [
  ...Map.groupBy(FORMER_PLACES, ({ province }) => province).values(),
]

/** An address in the list in force since 01/07/2025. */
export function currentAddress(ward: Ward, asOf: string, detail: string): Address {
  return { scheme: 'DVHC-2025-07', province: ward.province, ward: ward.code, asOf, detail }
}

export function formerAddress({ province, district, ward }: FormerPlace, asOf: string): Address {
  return { scheme: 'DVHC-pre-2025-07', province, district, ward, asOf }
}
