//! The catalogue of readers' texts, zh-CN. Every text that a reader can meet is here, chosen by an enum, so that a new case
//! without a text does not compile.

use crate::money::Fen;
use crate::order::Obstacle;
use crate::parcel::LineStatus;
use crate::renewal::NotRenewed;
use crate::shelves::ShelfName;
use crate::timeline::Step;

/// A step's short name on the timeline.
pub const fn step_label(step: Step) -> &'static str {
    match step {
        Step::Received => "入库",
        Step::Accepted => "接单",
        Step::Picked => "分拣",
        Step::Packed => "装箱",
        Step::Dispatched => "出库",
        Step::Delivering => "配送",
        Step::Delivered | Step::ReadyForPickup => "送达",
        Step::Collected => "取书",
        Step::Cancelled => "已取消",
        Step::Uncollected => "逾期未取",
    }
}

/// What a notice says when a parcel reaches a step; `came_free`: of a book that the reader had waited for. `order_no` is all it tells of the order: no titles on a locked screen.
pub fn step_notice(step: Step, order_no: &str, pickup_code: Option<&str>, came_free: bool) -> String {
    let said = match step {
        Step::Accepted if came_free => "您排队等候的图书到了，已为您下单，正在备书",
        Step::Received => "图书已入库",
        Step::Accepted => "图书馆已接单，正在为您备书",
        Step::Picked => "图书已从书架取出",
        Step::Packed => "图书已装箱",
        Step::Dispatched => "图书已出库",
        Step::Delivering => "图书正在配送途中",
        Step::Delivered => "图书已送达，借期自今日起算，祝您阅读愉快",
        Step::ReadyForPickup => "图书已送达取书点，请凭取书码领取",
        Step::Collected => "图书已取走，借期自今日起算，祝您阅读愉快",
        Step::Cancelled => "已按您的要求取消",
        Step::Uncollected => "取书期限已过，图书已退回，如仍需要请重新预借",
    };
    match pickup_code {
        Some(code) if step == Step::ReadyForPickup => format!("【预借】订单 {order_no}：{said} {code}。"),
        _ => format!("【预借】订单 {order_no}：{said}。"),
    }
}

/// The SMS with a phone code.
pub fn phone_code(code: &str) -> String {
    format!("【预借】验证码 {code}，5 分钟内有效，请勿告诉他人。")
}

/// What stands in an order's way, and what to do about it.
pub fn obstacle(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::EmptyOrder => "请至少选择一本书。".to_owned(),
        Obstacle::TooManyBooks { limit, .. } => format!("每单最多 {limit} 本，请减少后再提交。"),
        Obstacle::SameTitleTwice { .. } => "同一种书在一单里只能借一本，请删去重复的一本。".to_owned(),
        Obstacle::UnknownTitle { .. } => "没有找到这本书，请重新检索。".to_owned(),
        Obstacle::NoCopyAvailable { likely_days: None, .. } => {
            "这本书没有可流通的复本，请改选其他版本。".to_owned()
        }
        Obstacle::NoCopyAvailable { waiting: 0, likely_days: Some(days), .. } => {
            format!("这本书暂时没有可借的复本，可以排队预约（预计约 {days} 天），或改选其他版本。")
        }
        Obstacle::NoCopyAvailable { waiting, likely_days: Some(days), .. } => {
            format!("这本书已有 {waiting} 位读者在排队，可以加入排队（预计约 {days} 天），或改选其他版本。")
        }
        Obstacle::AvailableNow { .. } => "这本书现在就有复本可借，请直接下单。".to_owned(),
        Obstacle::AlreadyHave { .. } => "您已预借或正在借阅这本书，归还后可再次借阅。".to_owned(),
        Obstacle::AlreadyWaiting { .. } => "您已在排队等候这本书，有复本时会自动为您下单。".to_owned(),
        Obstacle::NotLendable { .. } => "这本书仅供馆内阅览，请到馆阅读或改选其他版本。".to_owned(),
        Obstacle::TooDear { price_fen, cap_fen, .. } => {
            format!("这本书定价 {} 元，超过可配送的 {} 元上限，请到馆借阅。", Fen(*price_fen), Fen(*cap_fen))
        }
        Obstacle::LimitReached { limit, open, .. } => {
            format!("您已有 {open} 本在借或在途，上限 {limit} 本，请先归还部分图书。")
        }
        Obstacle::TooManyInProcess { limit, in_process, .. } => {
            format!("您有 {in_process} 本正在配送，同时最多 {limit} 本，请等收到后再下单，或取消部分订单。")
        }
        Obstacle::TooManyHolds { limit, holds, .. } => {
            format!("您正在排队等候 {holds} 种书，最多 {limit} 种，请先退出一些排队。")
        }
        Obstacle::CardExpired { last_day } => format!("您的读者卡已于 {last_day} 到期，请先续卡。"),
        Obstacle::Paused { until, uncollected, .. } => {
            format!("您有 {uncollected} 次到期未取，预借暂停至 {until}，之后即可恢复。")
        }
        Obstacle::UnknownAddress => "没有找到这个收货地址，请在地址簿中重新选择。".to_owned(),
        Obstacle::OutOfZone { .. } => "这个地址不在配送范围内，请选择就近的取书点。".to_owned(),
        Obstacle::UnknownSite => "没有找到这个取书点，请重新选择。".to_owned(),
        Obstacle::SiteClosed { opens: Some(day), .. } => {
            format!("这个取书点目前闭馆，{day} 恢复开放，请选择其他取书点。")
        }
        Obstacle::SiteClosed { opens: None, .. } => "这个取书点目前闭馆，请选择其他取书点。".to_owned(),
        Obstacle::SiteFull { capacity, .. } => {
            format!("这个取书点的 {capacity} 个取书位已满，请选择附近的其他取书点。")
        }
    }
}

/// Why a book cannot be cancelled or sent elsewhere any more.
pub const fn too_late(status: LineStatus) -> &'static str {
    match status {
        LineStatus::Reserved | LineStatus::Accepted | LineStatus::Picked | LineStatus::Packed => {
            "订单的其他部分已经出库。"
        }
        LineStatus::Dispatched => "图书已经出库。",
        LineStatus::Delivering => "图书正在配送途中。",
        LineStatus::ReadyForPickup => "图书已经送达取书点。",
        LineStatus::Delivered | LineStatus::Collected => "图书已经在您手中。",
        LineStatus::Recalled | LineStatus::Cancelled => "图书已经取消。",
        LineStatus::Uncollected => "取书期限已过。",
    }
}

/// Why a loan is not renewed, and what to do about it.
pub fn not_renewed(reason: &NotRenewed) -> String {
    match reason {
        NotRenewed::NotYet { from, .. } => format!("还不到续借时间，{from} 起可以续借。"),
        NotRenewed::TooOften { limit, .. } => format!("每本书最多续借 {limit} 次，请按期归还。"),
        NotRenewed::Awaited { waiting, .. } => {
            format!("有 {waiting} 位读者在等候这本书，请按期归还，归还后可以重新排队。")
        }
        NotRenewed::Overdue { due } => format!("这本书已于 {due} 到期，请尽快归还。"),
        NotRenewed::CardEnds { last_day } => format!("您的读者卡 {last_day} 到期，请先续卡。"),
        NotRenewed::Paused { until, .. } => format!("因多次到期未取，续借暂停至 {until}。"),
    }
}

/// What stands above a shelf of the catalogue that is filled each night.
pub const fn shelf_heading(shelf: ShelfName) -> &'static str {
    match shelf {
        ShelfName::New => "新书上架",
        ShelfName::Popular => "近期热借",
    }
}

/// What stands above the librarians' picks.
pub const PICKS_HEADING: &str = "馆员推荐";

/// Why a title is recommended: the reader borrowed this one.
pub fn because_borrowed(title: &str) -> String {
    format!("因为您借过《{title}》")
}
