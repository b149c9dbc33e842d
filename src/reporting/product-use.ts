/** What is published of the use of data products; one of `KPIS`. */
export const PRODUCT_USE = {
  title: { vi: 'Sử dụng sản phẩm dữ liệu', en: 'Use of data products' },
  unit: { vi: 'giao dịch, gói, bản ghi, byte', en: 'exchanges, packages, records, bytes' },
  formula: {
    vi: 'theo bên khai thác và sản phẩm (một thao tác của dịch vụ): giao dịch được trả; gói đã bàn giao, bản ghi và byte trong gói',
    en: 'by consumer and product (an operation of a service): exchanges delivered; packages handed over, the records and bytes in them',
  },
  counts: {
    vi: 'Mỗi lô, mỗi trang đọc và mỗi lần bàn giao gói là một giao dịch. Byte tính trước khi mã hóa; bản ghi bị lược khi ẩn danh không tính. Byte của từng câu trả lời nằm trong bản ghi của giao dịch đó.',
    en: 'Each batch, each page that is read and each hand-over of a package is an exchange. Bytes are those before encryption; records left out for anonymity do not count. The bytes of a single answer stand in its record.',
  },
} as const
