//! An allocator that counts: how much memory a reader takes, and no more than it may.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, with the bytes that are allocated now, the most that were, and how many may be.
pub struct Counting {
    now: AtomicUsize,
    most: AtomicUsize,
    limit: AtomicUsize,
}

impl Counting {
    /// Without a limit.
    #[expect(clippy::new_without_default, reason = "a static needs a constant")]
    pub const fn new() -> Self {
        Self { now: AtomicUsize::new(0), most: AtomicUsize::new(0), limit: AtomicUsize::new(usize::MAX) }
    }

    /// Most bytes that `work` allocates beyond what was there before.
    pub fn most_allocated(&self, work: impl FnOnce()) -> usize {
        let before = self.now.load(Ordering::Relaxed);
        self.most.store(before, Ordering::Relaxed);
        work();
        self.most.load(Ordering::Relaxed).saturating_sub(before)
    }

    /// From now on the process is aborted when it takes more than `bytes` beyond what it has.
    pub fn limit(&self, bytes: usize) {
        self.limit.store(self.now.load(Ordering::Relaxed).saturating_add(bytes), Ordering::Relaxed);
    }

    fn take(&self, bytes: usize) {
        let now = self.now.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        self.most.fetch_max(now, Ordering::Relaxed);
        if now > self.limit.load(Ordering::Relaxed) {
            // Nothing can be done about it if this fails, either.
            let _ = std::io::stderr().write_all(b"more memory than a reader may take\n");
            std::process::abort();
        }
    }
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.take(layout.size());
        // SAFETY: the caller keeps the rules of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        self.now.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the rules of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.take(layout.size());
        // SAFETY: the caller keeps the rules of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }
}
