//! The catalogue of readers' texts, zh-CN. Every text that a reader can meet is here, chosen by an enum, so that a new case
//! without a text does not compile.

use crate::order::Obstacle;
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
    }
}

/// What a notice says when a parcel reaches a step. `order_no` is all it tells of the order: no titles on a locked screen.
pub fn step_notice(step: Step, order_no: &str, pickup_code: Option<&str>) -> String {
    let said = match step {
        Step::Received => "图书已入库",
        Step::Accepted => "图书馆已接单，正在为您备书",
        Step::Picked => "图书已从书架取出",
        Step::Packed => "图书已装箱",
        Step::Dispatched => "图书已出库",
        Step::Delivering => "图书正在配送途中",
        Step::Delivered => "图书已送达，借期自今日起算，祝您阅读愉快",
        Step::ReadyForPickup => "图书已送达取书点，请凭取书码领取",
        Step::Collected => "图书已取走，借期自今日起算，祝您阅读愉快",
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
        Obstacle::TooManyBooks { limit } => format!("每单最多 {limit} 本，请减少后再提交。"),
        Obstacle::SameTitleTwice { .. } => "同一种书在一单里只能借一本，请删去重复的一本。".to_owned(),
        Obstacle::UnknownTitle { .. } => "没有找到这本书，请重新检索。".to_owned(),
        Obstacle::NoCopyAvailable { .. } => "这本书暂时没有可借的复本，请改选其他版本或稍后再试。".to_owned(),
        Obstacle::AlreadyHave { .. } => "您已预借或正在借阅这本书，归还后可再次借阅。".to_owned(),
        Obstacle::LimitReached { limit, open } => {
            format!("您已有 {open} 本在借或在途，上限 {limit} 本，请先归还部分图书。")
        }
        Obstacle::UnknownAddress => "没有找到这个收货地址，请在地址簿中重新选择。".to_owned(),
        Obstacle::UnknownSite => "没有找到这个取书点，请重新选择。".to_owned(),
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
