//! What an audit finds: which rule is broken, by which items, and what mends it.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{Barcode, CardNo, OrderNo, ParcelRef, ReaderId, ReturnRef, SiteId, TitleId};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Items contradict each other, and no step of any function leaves them so.
    Contradiction,
    /// A projection that follows by itself has not followed. Nothing is decided by it.
    Drift,
}

/// What only one reader has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sole {
    /// The identity document.
    Document,
    /// The phone number.
    Phone,
    /// The identity at WeChat, for those who have bound one.
    WeChat,
}

impl Sole {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Document, Self::Phone, Self::WeChat];
    /// Those without which there is no card.
    pub const NEEDED: [Self; 2] = [Self::Document, Self::Phone];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Phone => "phone",
            Self::WeChat => "wechat",
        }
    }
}

/// An item of the table, by what it is about. Where it stands is the table's own matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Record {
    /// A copy.
    Copy(Barcode),
    /// A title.
    Title(TitleId),
    /// A title's counted copies.
    Availability(TitleId),
    /// A place in a title's queue.
    Hold {
        /// The title.
        title_id: TitleId,
        /// Since when.
        since: Timestamp,
        /// Who waits.
        rid: ReaderId,
    },
    /// A reader's account.
    Account(ReaderId),
    /// A reader's name and phone, sealed.
    Profile(ReaderId),
    /// A reader's identity at WeChat.
    WeChat(ReaderId),
    /// Who acts for a reader, and for whom the reader acts.
    Family(ReaderId),
    /// A card.
    Card(CardNo),
    /// A record that makes a reader the only one with a document or phone.
    Unique {
        /// Of which.
        of: Sole,
        /// Its keyed hash.
        hash: String,
    },
    /// An order's head.
    Order {
        /// Whose.
        rid: ReaderId,
        /// Its number.
        order_no: OrderNo,
    },
    /// A parcel.
    Parcel(ParcelRef),
    /// What is owed for an order.
    Payment {
        /// By whom.
        rid: ReaderId,
        /// For which order.
        order_no: OrderNo,
    },
    /// A return.
    Return(ReturnRef),
    /// A site.
    Site(SiteId),
    /// How many places of a site are taken.
    SiteLoad(SiteId),
    /// How many places of a division's slot are taken.
    SlotLoad {
        /// The division.
        division: String,
        /// The slot's day.
        day: Date,
        /// When it begins.
        from: Time,
    },
    /// A version of the rules.
    Rules(u32),
    /// How many picks there are.
    PickCount,
    /// An item that is none of these, or cannot be told to be one.
    Other {
        /// Its partition key.
        pk: String,
        /// Its sort key.
        sk: String,
    },
}

/// A rule that is broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Which rule.
    pub kind: Kind,
    /// The items that break it, the one that the repair is about first.
    pub records: Vec<Record>,
    /// What was seen: figures and states, no person's data.
    pub seen: String,
    /// The sum of the versions of the items that it rests on. Versions only grow: two findings that are equal rest on the same versions.
    pub versions: u64,
}

impl Finding {
    pub(super) fn new(
        kind: Kind,
        records: impl Into<Vec<Record>>,
        seen: impl Into<String>,
        versions: u64,
    ) -> Self {
        Self { kind, records: records.into(), seen: seen.into(), versions }
    }

    /// What mends it.
    pub const fn repair(&self) -> &'static str {
        self.kind.repair()
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident, $code:literal, $severity:ident, $repair:literal;)*) => {
        /// The rules that an audit holds the table against; each is named by what is wrong when it is broken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name under which it is logged, counted and looked up. It never changes its meaning.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// How bad it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// What the operator does about it. Each is one write under the condition of the version that was seen, or a command of a function.
            pub const fn repair(self) -> &'static str {
                match self { $(Self::$name => $repair,)* }
            }
        }
    };
}

kinds! {
    // Copies: one copy, one place, one holder.

    /// A copy is free and held.
    CopyFreeButHeld, "copy_free_but_held", Contradiction,
        "Look where the book is. In its parcel: set `status` to what the parcel's line says. On its shelf: remove `holder`.";
    /// A copy is claimed or on loan, and nobody holds it.
    CopyTakenByNobody, "copy_taken_by_nobody", Contradiction,
        "When a live line or an account has the copy, set `holder` to that parcel (`reader.order.n`); else set `status` to `available`.";
    /// A copy is held by a parcel that is not there.
    CopyHolderMissing, "copy_holder_missing", Contradiction,
        "Find the parcel in the reader's order, or restore it from a backup; when there never was one, scan the copy with `check_in`.";
    /// A copy is held by a parcel that it is not in.
    CopyNotInItsParcel, "copy_not_in_its_parcel", Contradiction,
        "Set `holder` to the parcel whose live line has the copy; when there is none, set the copy free (`status` `available`, no `holder`).";
    /// A copy is held by a parcel whose line for it is over.
    CopyHeldByDeadLine, "copy_held_by_dead_line", Contradiction,
        "Nobody wants it any more: set `status` to `available`, remove `holder`, and take the book out of the account if it is there.";
    /// A copy is on loan and its line on its way, or the other way round.
    CopyDiffersFromLine, "copy_differs_from_line", Contradiction,
        "The parcel's history says whether the reader has the book: set the copy's `status` to `on_loan` if so, else to `reserved`.";
    /// A copy is held for a reader whose account does not have it.
    CopyUnknownToReader, "copy_unknown_to_reader", Contradiction,
        "Put the book back into the account's `open` under its title (`b`, `o`, `n`; `s` and `d` when the loan runs) as the parcel says.";
    /// A copy is on its way in two parcels.
    CopyOnTwoLines, "copy_on_two_lines", Contradiction,
        "The parcel that the copy's `holder` names keeps it; set the line of the other one to `cancelled`, and tell its reader.";
    /// A line is on its way, and its copy is not held by its parcel.
    LineWithoutCopy, "line_without_copy", Contradiction,
        "When the copy is free, set it to `reserved` with this parcel as `holder`; when another has it, set the line to `cancelled`, \
         take the book out of the account, and tell the reader.";
    /// A copy is of a title that is not there.
    CopyWithoutTitle, "copy_without_title", Contradiction,
        "Load the title's record again (`yujie-import catalogue`, or an import): the copy is found by its title.";
    /// Copies stand at a site that is not there.
    CopyAtUnknownSite, "copy_at_unknown_site", Contradiction,
        "Load the site (`yujie-import sites`), or set the `site` of its copies to where they are.";

    // Accounts and queues.

    /// An account has a book whose copy is not held for it.
    ItemWithoutCopy, "item_without_copy", Contradiction,
        "Look where the book is. Not with the reader: take the title out of the account's `open`. With the reader: set the copy's \
         `status` and `holder` to the parcel of that order.";
    /// An account's loan runs though the book is on its way, or does not though the reader has it.
    LoanDiffersFromLine, "loan_differs_from_line", Contradiction,
        "The parcel's line is right: give the open item `s` and `d` from the hand-over in the parcel's history, or remove them.";
    /// A reader has a title and waits for it.
    HasAndWaits, "has_and_waits", Contradiction,
        "Remove the title from the account's `ho` and delete the hold, in one transaction; or have the reader give the hold up.";
    /// An account waits for a title, and the queue does not know.
    WaitsWithoutPlace, "waits_without_place", Contradiction,
        "Put the hold into the title's queue with the instant that the account has, so that the reader keeps the place.";
    /// A place in a queue that its reader's account does not know.
    PlaceUnknownToReader, "place_unknown_to_reader", Contradiction,
        "Put the title with the hold's instant into the account's `ho`; when the reader does not want it any more, delete the hold.";
    /// A reader stands twice in one queue.
    TwoPlacesInQueue, "two_places_in_queue", Contradiction,
        "Delete the hold whose instant is not the one in the account's `ho`.";
    /// Something belongs to a reader who has no account.
    AccountMissing, "account_missing", Contradiction,
        "Restore the account from a backup, then bring its `open` and `ho` to what the reader's parcels and holds say.";

    // Orders and parcels.

    /// An order has no parcel.
    OrderWithoutParcels, "order_without_parcels", Contradiction,
        "Restore its parcels from a backup; when its books are free, delete the head and tell the reader.";
    /// A parcel is of an order that is not there.
    ParcelWithoutOrder, "parcel_without_order", Contradiction,
        "Restore the order's head from a backup: without it the parcel is not found by its label, and a courier has no recipient.";
    /// Our own steps of a parcel are not in the order of time.
    HistoryRunsBackwards, "history_runs_backwards", Contradiction,
        "Put the entries of `h` in the order of the steps, with the times that the functions' logs give for them.";
    /// Nothing is left of a parcel, and a carrier is booked for it.
    CancelledParcelBooked, "cancelled_parcel_booked", Contradiction,
        "Move the booking's `tk` to `rk` (a van has none), remove `ca` and `wb`, and put the `by_clock` entry of an open parcel: then \
         `dispatch` calls the courier off.";
    /// A parcel takes a counted place where there is none.
    PlaceTakenNowhere, "place_taken_nowhere", Contradiction,
        "Remove the parcel's `pl`: nothing is to be given back.";
    /// What an item says of itself is not what follows from its parts.
    StatusDiffers, "status_differs", Contradiction,
        "Set the item's `st` to what its books say: `seen` names it.";
    /// Orders were decided under rules that are not there.
    RulesMissing, "rules_missing", Contradiction,
        "Restore the version of the rules from a backup; versions are never deleted.";

    // Money.

    /// An order costs something, and there is no payment.
    PaymentMissing, "payment_missing", Contradiction,
        "Restore the payment from a backup and hold it against the bill of the payment platform before anything is asked for.";
    /// A payment for an order that is not there.
    PaymentWithoutOrder, "payment_without_order", Contradiction,
        "Restore the order from a backup; what was paid for an order that is lost is paid back in the merchant's console.";
    /// A payment is of another amount than its order costs.
    PaymentDiffersFromFee, "payment_differs_from_fee", Contradiction,
        "The platform's bill says what was asked for: set the head's `fee` to that; pay back by hand what was paid too much.";
    /// More went back than was paid, or more is waived than is owed.
    RefundsExceedPayment, "refunds_exceed_payment", Contradiction,
        "Hold each refund of `rf` against the platform's bill; set those that it does not know to what it paid, and stop the rest there.";
    /// An order waits for a payment that nobody waits for any more.
    UnpaidWithoutPaymentDue, "unpaid_without_payment_due", Contradiction,
        "When the payment is paid or waived, remove `up` from the order's parcels: then `accept` takes them on. When it lapsed, cancel the order.";
    /// A payment is to be made for nothing.
    PaymentDueForNothing, "payment_due_for_nothing", Contradiction,
        "Set the payment's `wa` to its `a` and `st` to `lapsed`: then `settlements` closes it at the platform, and gives back what comes.";
    /// All of an order was cancelled, and its money was not given back.
    CancelledNotRefunded, "cancelled_not_refunded", Contradiction,
        "Add a refund of the rest to `rf` (`a`, `at`, `s` `asked`) and put the payment's `by_clock` entry: then `settlements` asks for it.";

    // Returns.

    /// A book of a return is to come or on its way, and its reader does not have it.
    ReturnOfNoLoan, "return_of_no_loan", Contradiction,
        "Look whether the copy is in. It is: set the book's `s` in the return to `back`. It is not: mend the account as `copy_unknown_to_reader`.";
    /// A loan is booked for a return that does not have it.
    LoanWithoutItsReturn, "loan_without_its_return", Contradiction,
        "Remove `rt` from the open item: the reader can book the return again.";

    // Readers.

    /// A document or phone is taken by nobody.
    UniqueWithoutReader, "unique_without_reader", Contradiction,
        "Delete the record: it keeps a person from getting a card.";
    /// Nothing keeps a reader's document or phone from getting a second card.
    UniqueMissing, "unique_missing", Contradiction,
        "Have the reader show the document (or the phone), and put the record with its keyed hash and the reader's id.";
    /// What a reader has bound at WeChat, and the record that makes it theirs alone, do not name the same.
    WeChatOneSided, "wechat_one_sided", Contradiction,
        "Delete the reader's binding and every record of theirs, and have the reader bind anew: orders and cards do not depend on it.";
    /// A card is of nobody.
    CardWithoutReader, "card_without_reader", Contradiction,
        "Delete the card when the reader has another one; else restore the reader's account and profile from a backup.";
    /// An account's card is not there, or is somebody else's.
    AccountWithoutCard, "account_without_card", Contradiction,
        "Set the account's `card` to the card whose `rid` is this reader; when there is none, restore it from a backup.";
    /// A reader's data was to be deleted, and not all of it is.
    DeletionUnfinished, "deletion_unfinished", Contradiction,
        "It broke off: have the reader make `DELETE /me` again, which goes on where it was; or delete the profile, the card and the records of \
         document and phone that `records` name, and of the reader's partition all addresses, notices, cart, preferences and links.";
    /// One side of a link between two readers does not know of it.
    LinkOneSided, "link_one_sided", Contradiction,
        "Remove the link from the side that has it (`for` or `by` of its `FAMILY`): the two can link themselves again.";
    /// A reader has no profile.
    ProfileMissing, "profile_missing", Contradiction,
        "Restore the profile from a backup: it is sealed and cannot be made again.";

    // Counters.

    /// A site's taken places are not what parcels take.
    SiteLoadDiffers, "site_load_differs", Contradiction,
        "Set `n` of the load to the number of parcels that `seen` counts, on condition of the `n` that it names.";
    /// A slot's taken places are not what parcels take.
    SlotLoadDiffers, "slot_load_differs", Contradiction,
        "Set `n` of the load to the number of parcels that `seen` counts, on condition of the `n` that it names.";
    /// The number of picks is not how many there are.
    PickCountDiffers, "pick_count_differs", Contradiction,
        "Set `n` of the count to the number of picks that `seen` counts, on condition of the `n` that it names.";
    /// A title's counted copies are not its copies.
    AvailabilityDiffers, "availability_differs", Drift,
        "The next change of any of the title's copies mends it; at once: set `total`, `free` and `at` to what `seen` counts, and find the record \
         that the relay gave up.";

    // Index entries.

    /// A copy is not listed under its title as it must be.
    CopyEntryWrong, "copy_entry_wrong", Contradiction,
        "Set `ref_pk` and `ref_sk` to what `seen` names: until then nobody can order the copy.";
    /// An order is not found by its number.
    OrderEntryWrong, "order_entry_wrong", Contradiction,
        "Set `ref_pk` and `ref_sk` to what `seen` names: until then its labels and its payment are not found.";
    /// A parcel is not on the work list on which it must be.
    WorkEntryWrong, "work_entry_wrong", Contradiction,
        "Set `site_pk` and `site_sk` to what `seen` names, or remove them: the site's staff see what these say.";
    /// A parcel is not on the clock as it must be.
    ClockEntryWrong, "clock_entry_wrong", Contradiction,
        "Set `clock_pk` and `clock_sk` to what `seen` names, or remove them: `promises` sweeps what these say.";
    /// A payment is not among the open ones as it must be.
    PaymentEntryWrong, "payment_entry_wrong", Contradiction,
        "Set `clock_pk` and `clock_sk` to what `seen` names, or remove them: `promises` has the platform asked about what these say.";
    /// A return is not on its list as it must be.
    ReturnEntryWrong, "return_entry_wrong", Contradiction,
        "Set `clock_pk` and `clock_sk` to what `seen` names, or remove them: couriers are booked, and late books looked for, by these.";
    /// An account is not listed under its first due day.
    DueEntryWrong, "due_entry_wrong", Contradiction,
        "Set `clock_pk` and `clock_sk` to what `seen` names, or remove them.";
    /// A hold is not listed as one.
    HoldEntryWrong, "hold_entry_wrong", Contradiction,
        "Set `clock_pk` and `clock_sk` to what `seen` names: the hourly look at the queues goes by these.";
    /// An item is in an index in which nothing of its kind is.
    StrayEntry, "stray_entry", Contradiction,
        "Remove the two attributes of that index from the item.";

    // Items.

    /// An item does not have the shape that it must have.
    ItemUnreadable, "item_unreadable", Contradiction,
        "Mend the attribute that `seen` names, from a backup where it cannot be told: what needs the item fails until then. What it \
         says is missing from this audit, so look at other findings of the same reader or copy afterwards.";
    /// An item is of no kind that is known.
    KindUnknown, "kind_unknown", Contradiction,
        "Delete it when nobody knows what wrote it; an item without `kind` gets the one of its key.";
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
