//! Chance that is the same in every run: SplitMix64.

/// A sequence of numbers, all of them told by its seed.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `0..n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    /// Whether something happens that happens so many times in a hundred.
    pub(crate) fn percent(&mut self, times: u64) -> bool {
        self.below(100) < times
    }

    /// One of these.
    pub(crate) fn of<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let n = self.below(u64::try_from(from.len()).unwrap());
        from.get(usize::try_from(n).unwrap()).cloned()
    }

    /// One of these, of which there are some.
    pub(crate) fn one<T: Clone>(&mut self, from: &[T]) -> T {
        self.of(from).unwrap()
    }
}
