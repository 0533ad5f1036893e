//! Sending: queues in batches of ten, the topic in batches of ten.

use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use serde::Serialize;
use yujie_runtime::message::{Fact, HoldsMessage, IndexMessage};
use yujie_runtime::{Clients, Vars, clients};

use crate::follow::Follow;

/// The steps' queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// 接单.
    Accept,
    /// 分拣.
    Sort,
    /// 装箱.
    Pack,
    /// 出库.
    Dispatch,
    /// 配送 and 送达.
    Deliver,
}

/// The way out.
#[derive(Debug, Clone)]
pub struct Send {
    sqs: aws_sdk_sqs::Client,
    sns: aws_sdk_sns::Client,
    accept: String,
    sort: String,
    pack: String,
    dispatch: String,
    deliver: String,
    index: String,
    imports: String,
    trials: String,
    holds: String,
    settlements: String,
    collections: String,
    notices: String,
}

/// Something was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{to}: {why}")]
pub struct SendError {
    to: &'static str,
    why: String,
}

impl Send {
    /// Reads where to send; missing variables are noted in `vars`.
    pub fn from_env(clients: &Clients, vars: &mut Vars) -> Self {
        Self {
            sqs: clients.sqs(),
            sns: clients.sns(),
            accept: vars.required("ACCEPT_QUEUE_URL"),
            sort: vars.required("SORT_QUEUE_URL"),
            pack: vars.required("PACK_QUEUE_URL"),
            dispatch: vars.required("DISPATCH_QUEUE_URL"),
            deliver: vars.required("DELIVER_QUEUE_URL"),
            index: vars.required("INDEX_QUEUE_URL"),
            imports: vars.required("IMPORTS_QUEUE_URL"),
            trials: vars.required("TRIALS_QUEUE_URL"),
            holds: vars.required("HOLDS_QUEUE_URL"),
            settlements: vars.required("SETTLEMENTS_QUEUE_URL"),
            collections: vars.required("COLLECTIONS_QUEUE_URL"),
            notices: vars.required("NOTICES_TOPIC_ARN"),
        }
    }

    /// Sends all that follows from a batch.
    ///
    /// # Errors
    /// [`SendError`] for the first thing that was not taken; what was taken before it may be sent again.
    pub async fn all(&self, follow: &Follow) -> Result<(), SendError> {
        for (queue, url) in [
            (Queue::Accept, &self.accept),
            (Queue::Sort, &self.sort),
            (Queue::Pack, &self.pack),
            (Queue::Dispatch, &self.dispatch),
            (Queue::Deliver, &self.deliver),
        ] {
            let messages: Vec<_> =
                follow.steps.iter().filter(|(to, _)| *to == queue).map(|(_, message)| message).collect();
            self.enqueue("a step's queue", url, &messages).await?;
        }
        let titles: Vec<IndexMessage> =
            follow.index.iter().map(|title_id| IndexMessage { title_id: title_id.clone() }).collect();
        self.enqueue("the index queue", &self.index, &titles).await?;
        let holds: Vec<HoldsMessage> =
            follow.holds.iter().map(|title_id| HoldsMessage { title_id: title_id.clone() }).collect();
        self.enqueue("the holds queue", &self.holds, &holds).await?;
        self.enqueue("the collections queue", &self.collections, &follow.collections).await?;
        self.enqueue("the imports queue", &self.imports, &follow.imports).await?;
        self.enqueue("the settlements queue", &self.settlements, &follow.payments).await?;
        self.enqueue("the trials queue", &self.trials, &follow.trials).await?;
        self.publish(&follow.facts).await
    }

    async fn enqueue(
        &self,
        to: &'static str,
        url: &str,
        messages: &[impl Serialize],
    ) -> Result<(), SendError> {
        let failed = |why: String| SendError { to, why };
        for chunk in messages.chunks(10) {
            let mut request = self.sqs.send_message_batch().queue_url(url);
            for (place, message) in chunk.iter().enumerate() {
                let body = serde_json::to_string(message).map_err(|e| failed(e.to_string()))?;
                let entry = SendMessageBatchRequestEntry::builder()
                    .id(place.to_string())
                    .message_body(body)
                    .build()
                    .map_err(|e| failed(e.to_string()))?;
                request = request.entries(entry);
            }
            let sent = request.send().await.map_err(|e| failed(clients::failure(&e)))?;
            if let Some(refused) = sent.failed().first() {
                return Err(failed(refused.code().to_owned()));
            }
        }
        Ok(())
    }

    async fn publish(&self, facts: &[Fact]) -> Result<(), SendError> {
        let failed = |why: String| SendError { to: "the notices topic", why };
        for chunk in facts.chunks(10) {
            let mut request = self.sns.publish_batch().topic_arn(&self.notices);
            for (place, fact) in chunk.iter().enumerate() {
                let body = serde_json::to_string(fact).map_err(|e| failed(e.to_string()))?;
                let kind = MessageAttributeValue::builder()
                    .data_type("String")
                    .string_value(fact.kind())
                    .build()
                    .map_err(|e| failed(e.to_string()))?;
                let entry = PublishBatchRequestEntry::builder()
                    .id(place.to_string())
                    .message(body)
                    .message_attributes("kind", kind)
                    .build()
                    .map_err(|e| failed(e.to_string()))?;
                request = request.publish_batch_request_entries(entry);
            }
            let sent = request.send().await.map_err(|e| failed(clients::failure(&e)))?;
            if let Some(refused) = sent.failed().first() {
                return Err(failed(refused.code().to_owned()));
            }
        }
        Ok(())
    }
}
