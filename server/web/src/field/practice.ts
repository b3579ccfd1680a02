// The household that everybody may practise on: made up, and gone when practice ends.

/** A family of four, as a list of last year would have it. */
export function practiceHousehold(): object {
  const living = { status: 'present', ethnicity: 'tay' }
  return {
    answers: { address: 'Nhà số 1, thôn luyện tập', wall: 'durable', pillar: 'durable', roof: 'not_durable' },
    members: [
      { full_name: 'Nguyễn Văn Tập', relation: 'head', sex: 'male', born: '1984', ...living },
      { full_name: 'Lý Thị Thử', relation: 'spouse', sex: 'female', born: '1987-03', ...living },
      { full_name: 'Nguyễn Thị Mẫu', relation: 'child', sex: 'female', born: '2014-09-02', ...living },
      { full_name: 'Nguyễn Văn Nháp', relation: 'child', sex: 'male', born: '2021', ...living },
    ],
  }
}
