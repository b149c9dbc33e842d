/** JSON in UTF-8, brought to exactly `bytes` by lengthening its last member. */
function sized(content: Readonly<Record<string, unknown>>, bytes: number): string {
  const bare = JSON.stringify({ ...content, note: '' })
  const missing = bytes - Buffer.byteLength(bare)
  if (missing < 0) throw new Error(`the message is ${-missing} bytes too long`)
  return JSON.stringify({ ...content, note: 'x'.repeat(missing) })
}

/** What every row is asked: 120 bytes of JSON about a synthetic person. */
export const QUESTION = sized({ personalId: '099085000123', birthDate: '1985-03-14' }, 120)

/** What the provider answers, always the same: 1,024 bytes of JSON. */
export const ANSWER = sized(
  {
    personalId: '099085000123',
    fullName: 'Nguyễn Văn Thử',
    birthDate: '1985-03-14',
    sex: 'male',
    nationality: 'VNM',
    ethnicity: 'Kinh',
    residence: { scheme: '2025', province: '01', commune: '00004', detail: 'Số 1 phố Thử Nghiệm' },
    household: [
      { personalId: '099185000124', fullName: 'Trần Thị Mẫu', relation: 'spouse', birthDate: '1985-09-02' },
      {
        personalId: '099210000125',
        fullName: 'Nguyễn Văn Ví Dụ',
        relation: 'child',
        birthDate: '2010-06-01',
      },
      {
        personalId: '099313000126',
        fullName: 'Nguyễn Thị Minh Họa',
        relation: 'child',
        birthDate: '2013-11-20',
      },
    ],
    updatedAt: '2026-01-05T02:30:00Z',
  },
  1024,
)
