//! Time and chance, as values that a test can fix.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};

/// Tells the time.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's.
    System,
    /// A test's: milliseconds since 1970, moved by hand.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at`.
    pub fn fixed(at: Timestamp) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(at.as_millisecond())))
    }

    /// Now, to the millisecond: what is stored is what was said.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
    pub fn now(&self) -> Timestamp {
        let ms = match self {
            Self::System => Timestamp::now().as_millisecond(),
            Self::Fixed(ms) => ms.load(Ordering::Relaxed),
        };
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// A source of chance.
#[derive(Debug, Clone)]
pub enum Entropy {
    /// The operating system's.
    System(SystemRandom),
    /// A test's: counts up, so that every run draws the same.
    Counting(Arc<AtomicU64>),
}

impl Entropy {
    /// The operating system's source.
    pub fn system() -> Self {
        Self::System(SystemRandom::new())
    }

    /// A test's source, beginning at `first`.
    pub fn counting(first: u64) -> Self {
        Self::Counting(Arc::new(AtomicU64::new(first)))
    }

    /// `N` bytes of chance.
    ///
    /// # Errors
    /// When the operating system has none to give.
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], NoEntropy> {
        let mut bytes = [0_u8; N];
        match self {
            Self::System(random) => random.fill(&mut bytes).map_err(|_| NoEntropy)?,
            Self::Counting(next) => {
                let number = next.fetch_add(1, Ordering::Relaxed).to_be_bytes();
                for (byte, digit) in bytes.iter_mut().rev().zip(number.iter().rev()) {
                    *byte = *digit;
                }
            }
        }
        Ok(bytes)
    }

    /// A number of chance.
    ///
    /// # Errors
    /// When the operating system has none to give.
    pub fn number(&self) -> Result<u32, NoEntropy> {
        self.bytes().map(u32::from_be_bytes)
    }

    /// A new identifier that sorts by time.
    ///
    /// # Errors
    /// When the operating system has none to give.
    pub fn ulid(&self, at: Timestamp) -> Result<String, NoEntropy> {
        let mut random = [0_u8; 16];
        for (to, from) in random.iter_mut().skip(6).zip(self.bytes::<10>()?) {
            *to = from;
        }
        let ms = u64::try_from(at.as_millisecond()).unwrap_or_default();
        Ok(ulid::Ulid::from_parts(ms, u128::from_be_bytes(random)).to_string())
    }
}

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no random bytes to be had")]
pub struct NoEntropy;
