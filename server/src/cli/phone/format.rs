//! What `phone new --help` and `phone edit --help` say of their files, with the examples of [`sync_protocol::field::said`].

/// What a value may be, in both files.
macro_rules! values {
    () => {
        "Giá trị: true, false; số nguyên theo đơn vị của câu hỏi (405 là 40,5 m²); chữ và mã trong ngoặc kép.\n\
        Values: true, false; whole numbers in the question's unit (405 is 40.5 m²); texts and codes in quotes."
    };
}

/// Of `phone new`.
pub(super) const NEW: &str = concat!(
    "Tệp JSON: một hộ, một danh sách hộ, hoặc {\"households\": [...]} như «export» ghi ra.\n",
    "A JSON file: one household, a list of them, or {\"households\": [...]} as \"export\" writes it.\n\n",
    include_str!("../../../../sync-protocol/src/field/said/new.json"),
    "\n\
    Mục nào cũng có thể bỏ. Không ghi «village» và «round» thì lấy thôn và đợt duy nhất trên máy; không ghi «household» \
    thì máy đặt mã.\n\
    «members», «visits»: danh sách, hoặc theo mã hay tên tự đặt bắt đầu bằng «+». Hộ có giá trị sai thì cả hộ không ghi.\n\
    Everything may be left out. Without \"village\" and \"round\" the only ones on the phone are meant; without \
    \"household\" an id is minted.\n\
    \"members\", \"visits\": lists, or objects by id or by a name of your own that begins with \"+\". A household with a \
    faulty value is not written at all.\n\n",
    values!()
);

/// Of `phone edit`, and of `phone settle --set`.
pub(super) const EDIT: &str = concat!(
    "Tệp JSON: danh sách [hộ, đường dẫn, giá trị].\n",
    "A JSON file: a list of [household, path, value].\n\n",
    include_str!("../../../../sync-protocol/src/field/said/edit.json"),
    "\n\
    null: xóa câu trả lời. Một «+TÊN» là một thành viên (lượt đến) mới của hộ trong cả tệp. Dòng sai thì riêng dòng ấy \
    không ghi.\n\
    null takes an answer back. One \"+NAME\" is one new member (or visit) of its household throughout the file. A faulty \
    edit alone is not written.\n\n",
    values!()
);
