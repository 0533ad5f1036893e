//! What readers are told about overdue fines.

use crate::fine::{Block, Clears, Day, Why};
use crate::money::Fen;

/// What an overdue day costs, and why not more.
pub fn fine_day(day: &Day) -> String {
    let charged =
        if day.fen == Fen::ZERO { "不再计费".to_owned() } else { format!("当天计 {} 元", day.fen) };
    let said = match &day.why {
        Why::Charged { intervals: 1 } => format!("逾期费 {} 元", day.fen),
        Why::Charged { intervals } => format!("逾期费 {} 元，按“宽限补计”规则共 {intervals} 期", day.fen),
        Why::NoFine => "不收逾期费".to_owned(),
        Why::Grace => "宽限期内，暂不计费".to_owned(),
        Why::Interval => "按“计费周期”规则，当天不计费".to_owned(),
        Why::Closed { name } => format!("闭馆（{name}），不计费"),
        Why::Amnesty { name } => format!("免逾期费（{name}）"),
        Why::ItemCap => format!("已到单册封顶，{charged}"),
        Why::PriceCap => format!("已到书价封顶，{charged}"),
        Why::ReaderCap => format!("您的逾期费合计已封顶，{charged}"),
        Why::Suspension { days: 0 } => "停借天数已封顶".to_owned(),
        Why::Suspension { days } => format!("停借 {days} 天，不收费"),
        Why::Lost => "从这一天起按遗失处理，逾期费不再增加".to_owned(),
    };
    let settled = match day.settled {
        Fen::ZERO => String::new(),
        all if all == day.fen => "（已结清）".to_owned(),
        part => format!("（已结 {part} 元）"),
    };
    format!("{}：{said}{settled}。", day.date)
}

/// Why a reader orders nothing for now, and what to do about it.
pub fn fine_block(block: &Block) -> String {
    let enough = block.clears().iter().find_map(|clears| match clears {
        Clears::PayAtLeast { fen } => Some(*fen),
        Clears::PayFor { .. } | Clears::GiveBack { .. } | Clears::WaitUntil { .. } => None,
    });
    match block {
        Block::Owes { owed, from, .. } => {
            let enough = enough.unwrap_or(*owed);
            format!("您尚欠 {owed} 元，满 {from} 元暂停预借，至少支付 {enough} 元即可恢复。")
        }
        Block::LongOverdue { days, from, .. } => {
            format!("您有一本书已逾期 {days} 天，满 {from} 天暂停预借，归还后即可恢复。")
        }
        Block::Lost { owed, .. } => {
            format!("您有一本书已按遗失处理，尚欠 {owed} 元，支付后即可恢复预借。")
        }
        Block::Suspended { until, .. } => format!("因逾期归还，预借暂停至 {until}（含当日）。"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{By, Scope};

    fn by(rule: &str) -> By {
        By { rule: rule.to_owned(), version: 1, scope: Scope::ALL }
    }

    #[test]
    fn a_reader_reads_what_each_day_costs_and_what_is_settled() {
        let told = |fen, settled, why| {
            let (fen, settled, by) = (Fen(fen), Fen(settled), by("overdue_fine"));
            fine_day(&Day { date: "2026-12-24".parse().unwrap(), fen, settled, why, by })
        };
        assert_eq!(told(20, 0, Why::Charged { intervals: 1 }), "2026-12-24：逾期费 0.20 元。");
        assert_eq!(
            told(60, 20, Why::Charged { intervals: 3 }),
            "2026-12-24：逾期费 0.60 元，按“宽限补计”规则共 3 期（已结 0.20 元）。"
        );
        assert_eq!(told(5, 5, Why::ItemCap), "2026-12-24：已到单册封顶，当天计 0.05 元（已结清）。");
        assert_eq!(told(0, 0, Why::ReaderCap), "2026-12-24：您的逾期费合计已封顶，不再计费。");
        assert_eq!(told(0, 0, Why::Closed { name: "元旦".to_owned() }), "2026-12-24：闭馆（元旦），不计费。");
    }

    #[test]
    fn a_reader_reads_what_is_enough_to_order_again() {
        let owes = Block::Owes { owed: Fen(1_250), from: Fen(1_000), by: by("debt_block") };
        assert_eq!(fine_block(&owes), "您尚欠 12.50 元，满 10.00 元暂停预借，至少支付 2.51 元即可恢复。");
        let paused = Block::Suspended { until: "2026-12-31".parse().unwrap(), by: by("suspension_days") };
        assert_eq!(fine_block(&paused), "因逾期归还，预借暂停至 2026-12-31（含当日）。");
    }
}
