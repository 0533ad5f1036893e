//! Lots that fall the same way for the same id, on every machine and in every version of the compiler.

/// FNV-1a.
fn fnv(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A text in sixteen digits. It tells versions of one text apart, and is no proof against anybody who wants two to be alike.
pub(super) fn fingerprint(text: &str) -> String {
    format!("{:016x}", fnv(text))
}

/// A sequence of lots.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// The lots of an id: its hash is where they begin.
    pub(super) fn of(id: &str) -> Self {
        Self(fnv(id))
    }

    /// The next lot (`SplitMix64`: ids that differ in their last digit have nothing in common afterwards).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of `0..end`; 0 when that is empty.
    pub(super) fn below(&mut self, end: i32) -> i32 {
        let end = u64::try_from(end).unwrap_or(0).max(1);
        i32::try_from(self.next() % end).unwrap_or(0)
    }

    /// One of several.
    pub(super) fn pick<T: Copy>(&mut self, first: T, others: &[T]) -> T {
        let count = i32::try_from(others.len()).unwrap_or(0) + 1;
        let place = usize::try_from(self.below(count)).unwrap_or(0);
        place.checked_sub(1).and_then(|place| others.get(place)).copied().unwrap_or(first)
    }
}
