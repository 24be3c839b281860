//! A connection that writes what several calls answer at once with one system call.
//!
//! An HTTP/2 connection is flushed as soon as its task runs, and the runtime runs a task that was just woken before the
//! others that are ready. Under load each of a hundred answers of one log entry would so become a write of its own,
//! and a read of its own at the other end. So a flush first lets the tasks run that are ready, once, and writes
//! then: nothing waits for time to pass.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;

/// Bytes that may wait for a flush; what is larger is written at once.
const HELD_BYTES_MAX: usize = 64 * 1024;

/// See the module.
#[derive(Debug)]
pub(crate) struct Coalesced<S> {
    stream: S,
    held: BytesMut,
    /// The flush under way has let the others run.
    yielded: bool,
}

impl<S: AsyncWrite + Unpin> Coalesced<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, held: BytesMut::new(), yielded: false }
    }

    /// Writes all that is held.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.held))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.held.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Coalesced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.as_mut().poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let total: usize = slices.iter().map(|slice| slice.len()).sum();
        if self.held.len() + total > HELD_BYTES_MAX {
            ready!(self.poll_drain(cx))?;
        }
        if total > HELD_BYTES_MAX {
            return Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        }
        slices.iter().for_each(|slice| self.held.extend_from_slice(slice));
        Poll::Ready(Ok(total))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.held.is_empty() && !self.yielded {
            self.yielded = true;
            // A task that wakes itself while it runs goes behind those that are ready.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        ready!(self.poll_drain(cx))?;
        self.yielded = false;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Coalesced<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: Connected> Connected for Coalesced<S> {
    type ConnectInfo = S::ConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.stream.connect_info()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// Takes at most so many bytes at a time.
    struct Pipe {
        most: usize,
        writes: Vec<Vec<u8>>,
    }

    impl AsyncWrite for Pipe {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            let taken = bytes.len().min(self.most);
            self.writes.push(bytes[..taken].to_vec());
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn pipe(most: usize) -> Coalesced<Pipe> {
        Coalesced::new(Pipe { most, writes: Vec::new() })
    }

    fn write(stream: &mut Coalesced<Pipe>, bytes: &[u8]) {
        let taken = Pin::new(stream).poll_write(&mut Context::from_waker(Waker::noop()), bytes);
        assert!(matches!(taken, Poll::Ready(Ok(count)) if count == bytes.len()), "{taken:?}");
    }

    fn flush(stream: &mut Coalesced<Pipe>) -> bool {
        let flushed = Pin::new(stream).poll_flush(&mut Context::from_waker(Waker::noop()));
        flushed.map(Result::unwrap).is_ready()
    }

    #[test]
    fn what_comes_before_the_flush_goes_on_is_one_write() {
        let mut stream = pipe(usize::MAX);
        for answers in [["a", "b"], ["c", "d"]] {
            write(&mut stream, answers[0].as_bytes());
            assert!(!flush(&mut stream), "the others run first");
            write(&mut stream, answers[1].as_bytes());
            assert!(flush(&mut stream), "but only once");
        }
        assert_eq!(stream.stream.writes, [b"ab", b"cd"]);
        assert!(flush(&mut stream), "nothing is held");
    }

    #[test]
    fn all_is_written_whatever_the_socket_takes() {
        let mut stream = pipe(3);
        write(&mut stream, b"0123456789");
        assert!(!flush(&mut stream));
        assert!(flush(&mut stream));
        assert_eq!(stream.stream.writes.concat(), b"0123456789");
        write(&mut stream, b"end");
        let shut = Pin::new(&mut stream).poll_shutdown(&mut Context::from_waker(Waker::noop()));
        assert!(shut.is_ready());
        assert_eq!(stream.stream.writes.concat(), b"0123456789end");
    }

    #[test]
    fn memory_is_bounded_and_the_order_kept() {
        let mut stream = pipe(usize::MAX);
        let chunk = vec![1; HELD_BYTES_MAX / 2 + 1];
        write(&mut stream, &chunk);
        write(&mut stream, &chunk);
        assert_eq!((stream.stream.writes.len(), stream.held.len()), (1, chunk.len()));
        let large = vec![2; HELD_BYTES_MAX + 1];
        write(&mut stream, &large);
        assert_eq!((stream.stream.writes.len(), stream.held.len()), (3, 0));
        assert_eq!(stream.stream.writes.concat(), [chunk.clone(), chunk, large].concat());
    }

    #[test]
    fn a_socket_that_takes_nothing_is_an_error() {
        let mut stream = pipe(0);
        write(&mut stream, b"x");
        assert!(!flush(&mut stream));
        let flushed = Pin::new(&mut stream).poll_flush(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(flushed, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::WriteZero));
    }
}
