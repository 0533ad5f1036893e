//! The fixed library: three sites, three titles, two readers, some staff.

use yujie_couriers::Secret;
use yujie_couriers::kuaidi100::Credentials;
use yujie_domain::copy::{Copy, CopyStatus, Received};
use yujie_domain::hours::OpeningHours;
use yujie_domain::rules::ItemClass;
use yujie_domain::site::{Point, Site, SiteKind};
use yujie_domain::staff::Role;
use yujie_domain::title::Title;
use yujie_domain::{AddressId, Barcode, CardNo, Isbn, Mobile, ReaderId, SiteId, StaffLogin, TitleId};
use yujie_runtime::Keys;
use yujie_runtime::auth::Subject;

/// The table's name.
pub const TABLE: &str = "library";
/// When everything happens: a Monday, ten in the morning in Shanghai.
pub const NOW: &str = "2026-11-23T02:00:00Z";
/// Everybody's password.
pub const PASSWORD: &str = "correct horse 2026";
/// Its hash, made once.
pub const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAH6g$NNaVz2SrcwFAtXi7tJhJ/b6N2/oTnkZrwFMi2WkAvxg";

/// The stack's keys.
pub fn keys() -> Keys {
    Keys::from_secret(r#"{"master":"a fixed secret that only tests know!"}"#).unwrap()
}

/// The library's account with the courier platform.
pub fn credentials() -> Credentials {
    Credentials { key: Secret::new("KEY"), secret: Secret::new("SECRET"), salt: Secret::new("SALT2026") }
}

/// A reader of the fixed library.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their id.
    pub rid: ReaderId,
    /// Their card.
    pub card_no: CardNo,
    /// Their name.
    pub name: &'static str,
    /// Their phone.
    pub phone: Mobile,
    /// Their one address.
    pub address: AddressId,
}

impl Person {
    /// As tokens name them.
    pub fn subject(&self) -> Subject {
        Subject::Reader { rid: self.rid.clone(), by: None }
    }
}

/// Reader `n` (from 1): 张三, 李四, and after them as many as a test wants.
pub fn reader(n: u32) -> Person {
    Person {
        rid: ReaderId::parse(&format!("01JD9Z0000000000000RDR{n:04}")).unwrap(),
        card_no: CardNo::from_serial(n),
        name: match n {
            1 => "张三",
            2 => "李四",
            _ => "王五",
        },
        phone: Mobile::parse(&format!("138{n:08}")).unwrap(),
        address: AddressId::parse(&format!("01JD9Z0000000000000ADR{n:04}")).unwrap(),
    }
}

/// The staff: sign-in name, role, site.
pub const STAFF: [(&str, Role, &str); 11] = [
    ("picker-c01", Role::Picker, "C01"),
    ("picker-l01", Role::Picker, "L01"),
    ("packer-c01", Role::Packer, "C01"),
    ("packer-l01", Role::Packer, "L01"),
    ("dispatcher-c01", Role::Dispatcher, "C01"),
    ("dispatcher-l01", Role::Dispatcher, "L01"),
    ("desk-c01", Role::Librarian, "C01"),
    ("desk-l01", Role::Librarian, "L01"),
    ("desk-s01", Role::Librarian, "S01"),
    ("finance-c01", Role::Finance, "C01"),
    ("admin-c01", Role::Administrator, "C01"),
];

/// A member of staff, as tokens name them.
pub fn staff(login: &str) -> Subject {
    let (login, role, site) = STAFF.iter().find(|(known, ..)| *known == login).expect("staff");
    Subject::Staff { login: StaffLogin::parse(login).unwrap(), role: *role, site: site_id(site) }
}

/// A site's code.
pub fn site_id(text: &str) -> SiteId {
    SiteId::parse(text).unwrap()
}

/// A title's id.
pub fn title_id(text: &str) -> TitleId {
    TitleId::parse(text).unwrap()
}

/// A copy's identity code.
pub fn barcode(text: &str) -> Barcode {
    Barcode::parse(text).unwrap()
}

/// The sites: two with stock, one without.
pub fn sites() -> Vec<Site> {
    [
        ("C01", "朝阳图书馆", SiteKind::Library, "广渠路66号院3号楼", "39.895620", "116.481270", true),
        ("L01", "亚运村分馆", SiteKind::StreetLibrary, "安立路26号", "39.988140", "116.420830", true),
        ("S01", "望京自助馆", SiteKind::SelfService24h, "阜通东大街6号", "39.990000", "116.480000", false),
    ]
    .into_iter()
    .map(|(id, name, kind, address, lat, lng, holds_stock)| Site {
        id: site_id(id),
        name: name.to_owned(),
        kind,
        address: format!("北京市朝阳区{address}"),
        point: Point::parse(lat, lng).unwrap(),
        opening_hours: OpeningHours::parse(if holds_stock { "Mo-Su 09:00-21:00" } else { "24/7" }).unwrap(),
        closures: Vec::new(),
        holds_stock,
        capacity: None,
    })
    .collect()
}

/// A title without more than its name.
pub fn title(id: &str, name: &str, author: &str) -> Title {
    Title { authors: vec![author.to_owned()], ..Title::new(title_id(id), name) }
}

/// 解忧杂货店 (four copies), 秃秃大王 (three), 红楼梦 (one).
pub fn titles() -> Vec<(Title, Vec<Copy>)> {
    let sundries = Title {
        publisher: Some("南海出版公司".to_owned()),
        year: Some(2014),
        isbn: Some(Isbn::parse("9787544270878").unwrap()),
        class: Some("I313.45".to_owned()),
        popularity: 786_505,
        ..title("b000004", "解忧杂货店", "[日] 东野圭吾")
    };
    let king = Title {
        year: Some(2010),
        class: Some("I287.7".to_owned()),
        popularity: 2_000,
        ..title("b000005", "秃秃大王", "张天翼")
    };
    let chamber = Title {
        publisher: Some("人民文学出版社".to_owned()),
        year: Some(1996),
        class: Some("I242.4".to_owned()),
        popularity: 400_000,
        ..title("b000006", "红楼梦", "[清] 曹雪芹")
    };
    vec![
        (
            sundries,
            vec![
                copy("C0000401", "b000004", "C01", "I313.45/12"),
                copy("C0000402", "b000004", "C01", "I313.45/12"),
                copy("C0000403", "b000004", "C01", "I313.45/12"),
                copy("L0000401", "b000004", "L01", "I313.45/12"),
            ],
        ),
        (
            king,
            vec![
                copy("C0000501", "b000005", "C01", "I287.7/8"),
                copy("C0000502", "b000005", "C01", "I287.7/8"),
                copy("L0000501", "b000005", "L01", "I287.7/8"),
            ],
        ),
        (chamber, vec![copy("C0000601", "b000006", "C01", "I242.4/3")]),
    ]
}

/// A free copy.
pub fn copy(code: &str, title: &str, site: &str, call_number: &str) -> Copy {
    Copy {
        barcode: barcode(code),
        title_id: title_id(title),
        site: site_id(site),
        call_number: call_number.to_owned(),
        class: ItemClass::Ordinary,
        price: None,
        status: CopyStatus::Available,
        holder: None,
        received: Received { at: "2026-09-01T01:00:00Z".parse().unwrap(), site: site_id(site) },
        version: 1,
    }
}
