//! Names of people and places of the northern uplands, by ethnic group, for the sample only.
//!
//! Owns the lists. Surnames and given names are common ones; every person made of them is invented.

/// What one ethnic group calls its people.
pub(super) struct People {
    /// Official name of the group.
    pub(super) ethnicity: &'static str,
    pub(super) surnames: &'static [&'static str],
    pub(super) male_middle: &'static [&'static str],
    pub(super) female_middle: &'static [&'static str],
    pub(super) male_given: &'static [&'static str],
    pub(super) female_given: &'static [&'static str],
}

pub(super) const TAY: People = People {
    ethnicity: "Tày",
    surnames: &["Hoàng", "Nông", "Ma", "Nguyễn", "Lộc", "Hà", "La", "Mai", "Lù", "Vi", "Lương", "Bàn"],
    male_middle: &["Văn", "Văn", "Văn", "Đức", "Quang", "Ngọc", "Minh"],
    female_middle: &["Thị", "Thị", "Thị", "Thị Thu", "Thị Hồng", "Thúy"],
    male_given: &[
        "Tuân", "Quyết", "Thắng", "Hùng", "Chiến", "Sơn", "Tuấn", "Hải", "Nghĩa", "Thuận", "Khánh", "Dũng", "Bình",
        "Toàn", "Đoàn", "Hiếu", "Thức", "Ngân", "Cường", "Duy",
    ],
    female_given: &[
        "Hương", "Huệ", "Lan", "Thảo", "Nga", "Nhung", "Thúy", "Hằng", "Mến", "Vân", "Liên", "Chuyên", "Tươi", "Dung",
        "Hạnh", "Yến", "Xuyến", "Nhâm", "Thơm", "Duyên",
    ],
};

pub(super) const DAO: People = People {
    ethnicity: "Dao",
    surnames: &["Phàn", "Triệu", "Đặng", "Lý", "Bàn", "Chảo", "Tẩn", "Phùng", "Dương"],
    male_middle: &["Văn", "Tà", "Chàn", "Kiềm", "Tiến", "Hữu", "Dào"],
    female_middle: &["Thị", "Mùi", "Tả", "Mẩy", "Thị", "Lở"],
    male_given: &[
        "Phúc", "Pao", "Chìu", "Lìn", "Sài", "Phin", "Kinh", "Quyên", "Nhàn", "Sính", "Vượng", "Tài", "Thành", "Kim",
        "Hành", "Dất",
    ],
    female_given: &[
        "Mẩy", "Nải", "Nhậy", "Pham", "Phấy", "Chài", "Ghển", "Líu", "Sếnh", "Viện", "Lai", "Khé", "Phin", "Coi", "Nái",
    ],
};

pub(super) const MONG: People = People {
    ethnicity: "Mông",
    surnames: &["Vàng", "Giàng", "Thào", "Sùng", "Lầu", "Hầu", "Cứ", "Ly", "Mua", "Hờ"],
    male_middle: &["A", "Mí", "Seo", "Văn", "Chứ", "Xuân"],
    female_middle: &["Thị", "Thị", "Seo", "Thị"],
    male_given: &[
        "Páo", "Sính", "Chứ", "Dình", "Sử", "Pó", "Lử", "Tủa", "Vừ", "Nô", "Sình", "Già", "Súng", "Phừ", "Chính",
    ],
    female_given: &["Mỷ", "Mai", "Dí", "Sua", "Chở", "Dợ", "Máy", "Say", "Pà", "Và", "Súa", "Chía", "Ly"],
};

pub(super) const LA_CHI: People = People {
    ethnicity: "La Chí",
    surnames: &["Vương", "Ly", "Lùng", "Long", "Tận", "Lù"],
    male_middle: &["Văn", "Đức", "Seo"],
    female_middle: &["Thị"],
    male_given: &["Sinh", "Phà", "Quân", "Thường", "Dìn", "Hồ", "Tờ", "Diu", "Lực", "Lâm"],
    female_given: &["Chức", "Phúc", "Hoàn", "Quyền", "Pháng", "Mủi", "Thoa", "Phương", "Xuân"],
};

pub(super) const PA_THEN: People = People {
    ethnicity: "Pà Thẻn",
    surnames: &["Sìn", "Phù", "Ván", "Hủng", "Tẩn", "Làn", "Tải"],
    male_middle: &["Văn", "Đức", "Láo"],
    female_middle: &["Thị"],
    male_given: &["Phong", "Đức", "Lìn", "Sơn", "Thịnh", "Thành", "Hồng", "Phượng", "Páo"],
    female_given: &["Hợi", "Mức", "Vân", "Pháy", "Diện", "Mai", "Sinh", "Thỉm"],
};

pub(super) const NUNG: People = People {
    ethnicity: "Nùng",
    surnames: &["Lù", "Nông", "Vàng", "Tải", "Lèng", "Hoàng", "Cháng", "Thền"],
    male_middle: &["Văn", "Seo", "Đức"],
    female_middle: &["Thị"],
    male_given: &["Sèng", "Pháng", "Chung", "Diu", "Hòa", "Sơn", "Thương", "Lưu", "Cường"],
    female_given: &["Dung", "Phượng", "Hoa", "Nguyệt", "Thắm", "Sen", "Loan", "Hiền"],
};

pub(super) const KINH: People = People {
    ethnicity: "Kinh",
    surnames: &["Nguyễn", "Trần", "Lê", "Phạm", "Vũ", "Bùi", "Đỗ"],
    male_middle: &["Văn", "Đức", "Xuân", "Ngọc"],
    female_middle: &["Thị", "Thị Thanh", "Ngọc"],
    male_given: &["Hùng", "Dũng", "Tuấn", "Long", "Hà", "Thành", "Trung", "Kiên"],
    female_given: &["Hoa", "Lan", "Hà", "Ngọc", "Thu", "Trang", "Linh", "Mai"],
};

/// Groups and how many of a hundred poor households are of each; nearly all are minorities.
pub(super) const SHARES: [(u64, &People); 7] =
    [(38, &TAY), (30, &DAO), (14, &MONG), (6, &LA_CHI), (6, &PA_THEN), (5, &NUNG), (1, &KINH)];

/// First and second parts of village names, Tày and Dao as the maps of the district have them.
pub(super) const VILLAGE_FIRST: [&str; 11] =
    ["Nà", "Bản", "Khuổi", "Nặm", "Pắc", "Lùng", "Tân", "Thượng", "Hạ", "Minh", "Yên"];
/// Second parts.
pub(super) const VILLAGE_SECOND: [&str; 18] = [
    "Chì", "Buông", "Khoang", "Tràng", "Thàng", "Ngoa", "Lạng", "Phạ", "Luông", "Tát", "Hốc", "Mạ", "Sơn", "Bình",
    "Thông", "Tiến", "Vài", "Mu",
];
