//! What travels through queues and the topic: references, never copies of state, never personal data.

use serde::{Deserialize, Serialize};
use yujie_domain::timeline::Step;
use yujie_domain::{ParcelRef, TitleId};

/// A step's work: look at this parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepMessage {
    /// Which.
    pub parcel: ParcelRef,
}

/// A title whose record changed or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexMessage {
    /// Which.
    pub title_id: TitleId,
}

/// A fact on the notices topic. Its `kind` is a message attribute too, for filter policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fact {
    /// A parcel reached a step.
    ParcelStep {
        /// Which parcel.
        parcel: ParcelRef,
        /// Which step.
        step: Step,
    },
}

impl Fact {
    /// The message attribute that subscribers filter by.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ParcelStep { .. } => "parcel_step",
        }
    }
}
