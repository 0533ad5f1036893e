//! What travels through queues and the topic: references, never copies of state, never personal data.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::returning::Step as ReturnStep;
use yujie_domain::timeline::Step;
use yujie_domain::{ImportId, ParcelRef, PaymentNo, ReaderId, ReturnRef, TitleId, TrialId};

/// A step's work: look at this parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepMessage {
    /// Which.
    pub parcel: ParcelRef,
}

/// A return for which a courier is to be booked, called off, or listened to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionMessage {
    /// Which.
    #[serde(rename = "return")]
    pub returning: ReturnRef,
}

/// A title whose record changed or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexMessage {
    /// Which.
    pub title_id: TitleId,
}

/// A title of which a copy became free, or that somebody began to wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldsMessage {
    /// Which.
    pub title_id: TitleId,
}

/// An import of which a part is to be worked off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportMessage {
    /// Which.
    pub import_id: ImportId,
    /// The version that asks for it. At any other the part is done, by this message or another.
    pub version: u64,
}

/// A trial of rules that is to be worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialMessage {
    /// Which.
    pub trial_id: TrialId,
}

/// A payment about which something is to be done at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMessage {
    /// Whose.
    pub rid: ReaderId,
    /// Which.
    pub payment_no: PaymentNo,
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
    /// A return took a step.
    ReturnStep {
        /// Which return.
        #[serde(rename = "return")]
        returning: ReturnRef,
        /// Which step.
        step: ReturnStep,
        /// When: single books take a step at different times.
        at: Timestamp,
    },
    /// A reader waits without hope.
    HoldHopeless {
        /// Who.
        rid: ReaderId,
        /// For what.
        title_id: TitleId,
        /// Since when they have waited.
        since: Timestamp,
        /// When it was found.
        at: Timestamp,
    },
}

impl Fact {
    /// The message attribute that subscribers filter by.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ParcelStep { .. } => "parcel_step",
            Self::ReturnStep { .. } => "return_step",
            Self::HoldHopeless { .. } => "hold_hopeless",
        }
    }
}
