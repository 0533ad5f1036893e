//! What a reader wants to be told, and on which way. The inbox has everything always.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::timeline::Step;

/// What a notice is about, as a reader chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Something is asked of the reader, or ends soon: a parcel to collect, a promise broken, a parcel sent elsewhere.
    Important,
    /// How far a parcel has come.
    Parcels,
    /// How far a return has come.
    Returns,
    /// Places in queues.
    Waits,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Important, Self::Parcels, Self::Returns, Self::Waits];

    /// What a step of a parcel is about.
    pub const fn of_step(step: Step) -> Self {
        match step {
            Step::ReadyForPickup
            | Step::Rerouted
            | Step::WaitsForOpening
            | Step::KeptLonger
            | Step::PromiseBroken
            | Step::Uncollected
            | Step::Cancelled => Self::Important,
            Step::Received
            | Step::Accepted
            | Step::Picked
            | Step::Packed
            | Step::Dispatched
            | Step::Delivering
            | Step::Delivered
            | Step::Collected => Self::Parcels,
        }
    }
}

/// On which ways a reader is told of a topic, besides the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ways {
    /// By SMS.
    pub sms: bool,
    /// By WeChat, for those who have bound it.
    pub wechat: bool,
}

/// What a reader wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    /// The ways of each topic; one that is not named is told on both.
    #[serde(default)]
    pub topics: BTreeMap<Topic, Ways>,
    /// Nothing but what is important between 22:00 and 08:00 in Shanghai.
    pub quiet_hours: bool,
    /// Steps of one day in one message instead of one each.
    pub digest: bool,
}

impl Default for Preferences {
    /// As it was before anybody could choose: everything, at once, at any hour.
    fn default() -> Self {
        Self { topics: BTreeMap::new(), quiet_hours: false, digest: false }
    }
}

impl Preferences {
    /// The ways of a topic.
    pub fn ways(&self, topic: Topic) -> Ways {
        self.topics.get(&topic).copied().unwrap_or(Ways { sms: true, wechat: true })
    }

    /// The same with each topic said.
    #[must_use]
    pub fn said(&self) -> Self {
        let topics = Topic::ALL.into_iter().map(|topic| (topic, self.ways(topic))).collect();
        Self { topics, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_chose_nothing_is_told_everything() {
        let nothing = Preferences::default();
        assert!(Topic::ALL.into_iter().all(|topic| nothing.ways(topic) == Ways { sms: true, wechat: true }));
        let mut chosen = nothing;
        chosen.topics.insert(Topic::Parcels, Ways { sms: false, wechat: true });
        assert!(!chosen.ways(Topic::of_step(Step::Packed)).sms);
        assert!(chosen.ways(Topic::of_step(Step::ReadyForPickup)).sms, "what asks something of the reader");
        assert_eq!(chosen.said().topics.len(), Topic::ALL.len());
    }
}
