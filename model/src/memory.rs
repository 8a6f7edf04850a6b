//! Memory for what is large and is looked into all over: a mapping of its own, in large pages where the system
//! has them.
//!
//! A processor remembers where some thousand pages are, and has to look up the others first. A model takes fifteen
//! thousand pages of the usual size, and a few dozen large ones. Many systems give large pages only to who asks
//! (Linux: `transparent_hugepage`, `madvise`).

use std::io;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use bytemuck::Pod;
use memmap2::MmapMut;

/// An array in such memory. Pages that are not written to take none; all goes back to the system when it is dropped.
pub(crate) struct Memory<T> {
    map: MmapMut,
    length: usize,
    of: PhantomData<T>,
}

impl<T: Pod> Memory<T> {
    /// So many zeros.
    ///
    /// # Errors
    /// There is not that much.
    pub(crate) fn zeroed(length: usize) -> io::Result<Self> {
        let bytes = length.checked_mul(size_of::<T>()).ok_or(io::ErrorKind::OutOfMemory)?;
        // Nothing can't be mapped.
        let map = MmapMut::map_anon(bytes.max(1))?;
        // Where it is refused, pages are small, and nothing else is different.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(Self { map, length, of: PhantomData })
    }
}

impl<T: Pod> Deref for Memory<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        bytemuck::cast_slice(&self.map[..self.length * size_of::<T>()])
    }
}

impl<T: Pod> DerefMut for Memory<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(&mut self.map[..self.length * size_of::<T>()])
    }
}
