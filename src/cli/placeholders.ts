/** What stands for a value in help texts, in Vietnamese; what is not here is the same in both languages. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  address: 'địa-chỉ',
  agency: 'cơ-quan',
  authority: 'cơ-quan',
  body: 'nội-dung',
  code: 'mã',
  command: 'lệnh',
  conditions: 'điều-kiện',
  consumer: 'bên-hỏi',
  cursor: 'con-trỏ',
  day: 'ngày',
  digest: 'dấu',
  dir: 'thư-mục',
  division: 'cách-chia',
  file: 'tệp',
  folder: 'thư-mục',
  form: 'biểu',
  format: 'dạng',
  id: 'mã',
  job: 'công-việc',
  key: 'khóa',
  label: 'nhãn',
  method: 'phương-thức',
  mode: 'kiểu',
  month: 'tháng',
  n: 'số',
  name: 'tên',
  number: 'số',
  operation: 'thao-tác',
  options: 'tùy chọn',
  outcome: 'kết-quả',
  period: 'kỳ',
  pointer: 'trường',
  pointers: 'các-trường',
  port: 'số-cổng',
  program: 'chương-trình',
  seconds: 'giây',
  sequence: 'số-thứ-tự',
  service: 'dịch-vụ',
  signature: 'chữ-ký',
  state: 'trạng-thái',
  subscription: 'đăng-ký',
  text: 'lời',
  time: 'thời-gian',
  version: 'phiên-bản',
  vkey: 'khóa',
  what: 'quyết-định',
  with: 'kỳ-gốc',
}

/** @returns the Vietnamese for one placeholder, without its brackets. */
export function vietnameseName(name: string): string {
  return Object.hasOwn(PLACEHOLDERS, name) ? (PLACEHOLDERS[name] ?? name) : name
}

/** @returns flags or a usage line whose `<file>`, `[options]`, `[body...]` are said in Vietnamese. */
export function vietnamesePlaceholders(text: string): string {
  return text.replaceAll(
    /([<[])([a-z]+)((?:\.\.\.)?[>\]])/g,
    (_all, opening, name, closing) => opening + vietnameseName(name) + closing,
  )
}
