//! The exports of the module: memory in, memory out. The only unsafe code of the house, because the browser hands over
//! addresses; everything behind it is safe Rust.
//!
//! What is relied on: the Worker passes only what [`core_alloc`] or [`core_call`] gave it, with the length that it asked for
//! or was told, and each once. A Worker that breaks this breaks its own instance and nothing else.
#![cfg(all(target_arch = "wasm32", target_os = "unknown"))]
#![expect(unsafe_code, reason = "the browser passes addresses of this module's own memory")]

use std::sync::{Mutex, PoisonError};

use crate::Core;

static CORE: Mutex<Core> = Mutex::new(Core::new());

/// Memory for a message of so many bytes.
#[unsafe(no_mangle)]
extern "C" fn core_alloc(length: usize) -> *mut u8 {
    Box::into_raw(vec![0_u8; length].into_boxed_slice()).cast()
}

/// Gives memory back.
///
/// # Safety
/// `pointer` came from [`core_alloc`] or [`core_call`] with this length and is used no more.
#[unsafe(no_mangle)]
unsafe extern "C" fn core_free(pointer: *mut u8, length: usize) {
    // SAFETY: by the contract above it is a boxed slice of this length.
    drop(unsafe { taken(pointer, length) });
}

/// Does what a message asks for. Takes its memory over; what it gives back is `[u32 length][message]`.
///
/// # Safety
/// `pointer` came from [`core_alloc`] with this length and is used no more.
#[unsafe(no_mangle)]
unsafe extern "C" fn core_call(pointer: *mut u8, length: usize) -> *mut u8 {
    // SAFETY: by the contract above it is a boxed slice of this length.
    let message = unsafe { taken(pointer, length) };
    // A trap ends the instance, so nobody ever finds the lock poisoned.
    let reply = CORE.lock().unwrap_or_else(PoisonError::into_inner).call(&message);
    drop(message);
    let told = [&(reply.len() as u32).to_le_bytes(), reply.as_slice()].concat();
    Box::into_raw(told.into_boxed_slice()).cast()
}

unsafe fn taken(pointer: *mut u8, length: usize) -> Box<[u8]> {
    // SAFETY: the callers' contract.
    unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(pointer, length)) }
}
