//! What concerns the whole table. Bulk loading, for the importer: many items at once, marked so that the relay leaves them alone (their
//! index and projections are built by the importer itself). And the walks over everything: for the index, for the shelves, for a trial of rules.

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, ReturnConsumedCapacity, WriteRequest};
use jiff::Timestamp;
use yujie_domain::account::Account;
use yujie_domain::copy::Copy;
use yujie_domain::parcel::{LineStatus, Parcel};
use yujie_domain::punctuality::Came;
use yujie_domain::shelves::Beside;
use yujie_domain::title::Title;
use yujie_domain::{Barcode, ReaderId, TitleId};

use crate::access::availability::{self, Availability};
use crate::access::lending::{self, Lending};
use crate::access::title::Described;
use crate::access::{account, copy, order, parcel, shelf, title};
use crate::codec::{Image, Item, KIND};
use crate::error::TableError;
use crate::key;
use crate::table::Table;

/// The attribute that marks an item as loaded in bulk.
pub const BULK_MARK: &str = "bulk";

/// Whether a stream record shows an item as the importer wrote it.
pub fn is_bulk(image: &Image) -> bool {
    image.inner().contains_key(BULK_MARK)
}

/// Something that the importer loads.
#[derive(Debug, Clone)]
pub enum Loaded {
    /// A title (replaces the same title's older record).
    Title(Title),
    /// A new copy. Only for barcodes that [`missing_copies`] named: a copy in use must not be written over.
    Copy(Copy),
    /// A title's counted copies.
    Availability(TitleId, Availability),
}

impl Loaded {
    fn into_item(self) -> Result<Item, TableError> {
        let mut item = match &self {
            Self::Title(title) => title::to_item(title)?,
            Self::Copy(copy) => copy::to_item(copy)?,
            Self::Availability(id, counted) => availability::to_item(id, counted, 1)?,
        };
        item.insert(BULK_MARK.to_owned(), AttributeValue::Bool(true));
        Ok(item)
    }
}

/// Which of these barcodes the table does not have yet.
pub async fn missing_copies(table: &Table, barcodes: &[Barcode]) -> Result<Vec<Barcode>, TableError> {
    let keys: Vec<_> = barcodes.iter().map(key::copy).collect();
    let found: Vec<String> =
        table.batch_get(&keys, false).await?.iter().map(|item| crate::codec::key_of(item).pk).collect();
    Ok(barcodes.iter().filter(|barcode| !found.contains(&key::copy(barcode).pk)).cloned().collect())
}

/// Writes up to 25 things in one call; what the table did not take is tried again.
pub async fn put(table: &Table, batch: Vec<Loaded>) -> Result<(), TableError> {
    let mut pending = Vec::with_capacity(batch.len());
    for loaded in batch {
        let put = PutRequest::builder()
            .set_item(Some(loaded.into_item()?))
            .build()
            .map_err(|e| TableError::Unavailable(e.to_string()))?;
        pending.push(WriteRequest::builder().put_request(put).build());
    }
    for attempt in 1..=10 {
        if pending.is_empty() {
            return Ok(());
        }
        let answer = table
            .client()
            .batch_write_item()
            .request_items(table.name(), std::mem::take(&mut pending))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(TableError::from_sdk)?;
        for capacity in answer.consumed_capacity() {
            table.count_write(Some(capacity));
        }
        pending = answer.unprocessed_items.into_iter().flatten().flat_map(|(_, left)| left).collect();
        if !pending.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(20 << attempt)).await;
        }
    }
    Err(TableError::Throttled)
}

/// Where a walk over the whole table goes on.
#[derive(Debug, Clone)]
pub struct After(pub(crate) Item);

/// Some of all titles, in no order, and where to go on; `None` at the end. It reads the whole table and is for building the index
/// anew, nothing else.
pub async fn titles_after(
    table: &Table,
    after: Option<After>,
) -> Result<(Vec<Described>, Option<After>), TableError> {
    let answer = table
        .client()
        .scan()
        .table_name(table.name())
        .filter_expression("#kind = :title")
        .expression_attribute_names("#kind", KIND)
        .expression_attribute_values(":title", AttributeValue::S(title::KIND.to_owned()))
        .set_exclusive_start_key(after.map(|After(key)| key))
        .send()
        .await
        .map_err(TableError::from_sdk)?;
    let mut titles =
        answer.items.unwrap_or_default().into_iter().map(title::from_item).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<TitleId> = titles.iter().map(|title| title.id.clone()).collect();
    let mut counted = availability::get_many(table, &ids).await?;
    let mut lent = lending::get_many(table, &ids).await?;
    let described = titles
        .drain(..)
        .map(|title| Described {
            availability: counted.remove(&title.id).unwrap_or_default(),
            lending: lent.remove(&title.id).unwrap_or_default(),
            title,
        })
        .collect();
    Ok((described, answer.last_evaluated_key.map(After)))
}

/// How many parts of the table are walked beside each other for the shelves: one part alone is read at some ten megabytes a second.
pub const SHELF_SEGMENTS: u16 = 4;

/// What the shelves are made of, and what is known of them already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShelfFact {
    /// A reader got these titles.
    Loans {
        /// The reader.
        reader: ReaderId,
        /// When.
        began: Timestamp,
        /// The titles of one parcel.
        titles: Vec<TitleId>,
    },
    /// A copy of a title came into stock.
    Received(TitleId, Timestamp),
    /// A reader does not take part.
    Apart(ReaderId),
    /// A parcel came to its reader, or is late.
    Came(Came),
    /// How often a title was borrowed, as it was stored last.
    Lending(TitleId, Lending),
    /// What stands beside a title, as it was stored last.
    Beside(TitleId, Vec<Beside>),
}

/// A part of the walk for the shelves.
#[derive(Debug)]
pub struct ShelfFacts {
    /// What was found.
    pub facts: Vec<ShelfFact>,
    /// Items that are not what their kind says: left out, because the others are other titles' and readers'.
    pub unreadable: Vec<TableError>,
    /// Where to go on; `None` at the end.
    pub next: Option<After>,
}

/// Some of what the shelves are made of, in no order: from parcels that came to their readers, from accounts of readers who do not
/// take part, from copies, and from what was stored the night before; and of how promises were kept: from parcels that came, and from those
/// that are late. It reads the whole table; the rest stays where it is, and of an
/// item only the attributes come that are asked for here.
pub async fn shelf_facts_after(
    table: &Table,
    segment: u16,
    after: Option<After>,
) -> Result<ShelfFacts, TableError> {
    const ASKED: [&str; 17] = [
        "pk", "sk", "kind", "l", "h", "title_id", "received", "v", "id", "total", "month", "titles", "st",
        "to", "zn", "by", "ca",
    ];
    // Some of the names are words of the expression language.
    let projection: Vec<String> = ASKED.iter().map(|name| format!("#{name}")).collect();
    let mut request = table
        .client()
        .scan()
        .table_name(table.name())
        .segment(i32::from(segment))
        .total_segments(i32::from(SHELF_SEGMENTS))
        .filter_expression(
            "#kind IN (:copy, :lending, :beside) OR (#kind = :parcel AND (#st IN (:delivered, :collected, :waiting, :left) OR wn = :broken)) \
             OR (#kind = :account AND tp = :no)",
        )
        .projection_expression(projection.join(", "))
        .expression_attribute_values(":no", AttributeValue::Bool(false))
        .set_exclusive_start_key(after.map(|After(key)| key))
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    for name in ASKED {
        request = request.expression_attribute_names(format!("#{name}"), name);
    }
    for (placeholder, value) in [
        (":copy", copy::KIND),
        (":lending", lending::KIND),
        (":beside", shelf::BORROWED_WITH),
        (":parcel", parcel::KIND),
        (":account", account::KIND),
        (":delivered", LineStatus::Delivered.as_str()),
        (":collected", LineStatus::Collected.as_str()),
        (":waiting", LineStatus::ReadyForPickup.as_str()),
        (":left", LineStatus::Uncollected.as_str()),
        (":broken", "broken"),
    ] {
        request = request.expression_attribute_values(placeholder, AttributeValue::S(value.to_owned()));
    }
    let answer = request.send().await.map_err(TableError::from_sdk)?;
    table.count_read(answer.consumed_capacity());
    let mut found =
        ShelfFacts { facts: Vec::new(), unreadable: Vec::new(), next: answer.last_evaluated_key.map(After) };
    for item in answer.items.unwrap_or_default() {
        match shelf_fact(item) {
            Ok(fact) => found.facts.extend(fact),
            Err(error) => found.unreadable.push(error),
        }
    }
    Ok(found)
}

fn shelf_fact(item: Item) -> Result<Vec<ShelfFact>, TableError> {
    let kind = item.get(KIND).and_then(|kind| kind.as_s().ok()).map(String::as_str);
    Ok(match kind {
        Some(copy::KIND) => {
            let (title, at) = copy::receipt_of(item)?;
            vec![ShelfFact::Received(title, at)]
        }
        Some(parcel::KIND) => {
            let (loans, came) = parcel::came_of(item)?;
            let loans = loans.map(|(reader, began, titles)| ShelfFact::Loans { reader, began, titles });
            loans.into_iter().chain(came.map(ShelfFact::Came)).collect()
        }
        Some(account::KIND) => vec![ShelfFact::Apart(account::reader_of(&item)?)],
        Some(lending::KIND) => {
            let (title, lending) = lending::from_item(item)?;
            vec![ShelfFact::Lending(title, lending)]
        }
        Some(shelf::BORROWED_WITH) => {
            let (title, beside) = shelf::beside_of(item)?;
            vec![ShelfFact::Beside(title, beside)]
        }
        _ => Vec::new(),
    })
}

/// How many parts of the table are walked beside each other for a trial of rules.
pub const TRIAL_SEGMENTS: u16 = SHELF_SEGMENTS;

/// What a trial of rules is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrialFact {
    /// An order's head, without its recipient.
    Order(order::Head),
    /// A parcel, without what its fulfilment needs: box, booking, code.
    Parcel(Box<Parcel>),
    /// A reader's account, without its places in queues.
    Account(Account),
}

/// A part of the walk for a trial of rules.
#[derive(Debug)]
pub struct TrialFacts {
    /// What was found.
    pub facts: Vec<TrialFact>,
    /// Items that are not what their kind says: left out, because the others are other readers'.
    pub unreadable: Vec<TableError>,
    /// Where to go on; `None` at the end.
    pub next: Option<After>,
}

/// Some of what a trial of rules is made of, in no order: all accounts, and the orders that were placed, and parcels that were promised, from
/// `from` on. It reads the whole table; the rest stays where it is, and of an item only the attributes come that are asked for here:
/// no recipient and no pickup code.
pub async fn trial_facts_after(
    table: &Table,
    segment: u16,
    from: Timestamp,
    after: Option<After>,
) -> Result<TrialFacts, TableError> {
    const ASKED: [&str; 25] = [
        "pk", "sk", "kind", "v", "at", "by", "fee", "to", "unfilled", "queued", "rv", "st", "from", "ld",
        "lf", "rd", "l", "wn", "h", "card", "cc", "ex", "open", "ho", "un",
    ];
    let projection: Vec<String> = ASKED.iter().map(|name| format!("#{name}")).collect();
    let mut request = table
        .client()
        .scan()
        .table_name(table.name())
        .segment(i32::from(segment))
        .total_segments(i32::from(TRIAL_SEGMENTS))
        .filter_expression(
            "#kind = :account OR (#kind = :order AND #at >= :from) OR (#kind = :parcel AND #by >= :from)",
        )
        .projection_expression(projection.join(", "))
        .expression_attribute_values(":from", AttributeValue::N(from.as_millisecond().to_string()))
        .set_exclusive_start_key(after.map(|After(key)| key))
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    for name in ASKED {
        request = request.expression_attribute_names(format!("#{name}"), name);
    }
    for (placeholder, kind) in
        [(":account", account::KIND), (":order", order::KIND), (":parcel", parcel::KIND)]
    {
        request = request.expression_attribute_values(placeholder, AttributeValue::S(kind.to_owned()));
    }
    let answer = request.send().await.map_err(TableError::from_sdk)?;
    table.count_read(answer.consumed_capacity());
    let mut found =
        TrialFacts { facts: Vec::new(), unreadable: Vec::new(), next: answer.last_evaluated_key.map(After) };
    for item in answer.items.unwrap_or_default() {
        match trial_fact(item) {
            Ok(fact) => found.facts.extend(fact),
            Err(error) => found.unreadable.push(error),
        }
    }
    Ok(found)
}

fn trial_fact(item: Item) -> Result<Option<TrialFact>, TableError> {
    let kind = item.get(KIND).and_then(|kind| kind.as_s().ok()).map(String::as_str);
    Ok(match kind {
        Some(order::KIND) => Some(TrialFact::Order(order::from_item(&account::reader_of(&item)?, item)?)),
        Some(parcel::KIND) => Some(TrialFact::Parcel(Box::new(parcel::of_item(item)?))),
        Some(account::KIND) => {
            Some(TrialFact::Account(account::from_item(&account::reader_of(&item)?, item)?))
        }
        _ => None,
    })
}
