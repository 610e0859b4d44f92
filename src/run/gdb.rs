//! A debugger's view: GDB's remote protocol over TCP.
//!
//! The debugger sees what the guest sees: memory through the guest's own translation, the registers of its family.
//! Breakpoints are kept in a list and nothing is written to memory; the guest steps while there are any. Neither the
//! guest nor the host notices the debugger.

mod registers;
mod target;

use std::io;
use std::marker::PhantomData;
use std::net::{SocketAddr, TcpListener, TcpStream};

use gdbstub::common::Signal;
use gdbstub::conn::ConnectionExt;
use gdbstub::stub::run_blocking::{BlockingEventLoop, Event, WaitForStopReasonError};
use gdbstub::stub::{DisconnectReason, GdbStub, SingleThreadStopReason};

use vm::Outside;

use super::{End, Machine, Runner};
use target::{Debugger, Failed};

/// Why there is no debugging session.
#[derive(Debug, thiserror::Error)]
pub enum GdbError<E> {
    /// The address cannot be listened on.
    #[error("cannot listen on {address} for a debugger: {cause}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        cause: io::Error,
    },
    /// The connection failed.
    #[error("the connection to the debugger failed: {0}")]
    Connection(String),
    /// The run failed.
    #[error("the guest could not go on")]
    Outside(E),
}

/// Waits for debuggers.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
}

impl Server {
    /// Listens on `HOST:PORT`, `:PORT` or `PORT`; the host is this one unless another is given, and port 0 is any that
    /// is free.
    ///
    /// # Errors
    ///
    /// When that is not possible.
    pub fn listen<E>(address: &str) -> Result<Self, GdbError<E>> {
        let full = match address.rsplit_once(':') {
            None => format!("127.0.0.1:{address}"),
            Some(("", port)) => format!("127.0.0.1:{port}"),
            Some(_) => address.into(),
        };
        match TcpListener::bind(&full) {
            Ok(listener) => Ok(Self { listener }),
            Err(cause) => Err(GdbError::Listen { address: full, cause }),
        }
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Waits for one debugger and lets it drive the guest to its end, or until it goes away and leaves the guest to
    /// run on.
    ///
    /// # Errors
    ///
    /// When the connection or the outside fails.
    pub fn debug<O: Outside<Machine>>(
        self,
        runner: &mut Runner,
        outside: &mut O,
    ) -> Result<End, GdbError<O::Error>> {
        let accepted = self.listener.accept();
        let (connection, _) = accepted.map_err(|error| GdbError::Connection(error.to_string()))?;
        let mut debugger = Debugger::new(runner, outside);
        let stub = GdbStub::new(connection);
        let session = stub.run_blocking::<EventLoop<'_, O>>(&mut debugger);
        let (ended, failed) = (debugger.ended, debugger.failed.take());
        if let Some(error) = failed {
            return Err(GdbError::Outside(error));
        }
        match (session, ended) {
            (Err(error), None) => Err(GdbError::Connection(error.to_string())),
            (_, Some(end)) => Ok(end),
            (Ok(DisconnectReason::Disconnect), None) => runner.run(outside).map_err(GdbError::Outside),
            (Ok(_), None) => Ok(End::Killed),
        }
    }
}

/// Lets the guest run and looks at the connection now and then.
struct EventLoop<'r, O>(PhantomData<&'r mut O>);

impl<'r, O: Outside<Machine>> BlockingEventLoop for EventLoop<'r, O> {
    type Target = Debugger<'r, O>;
    type Connection = TcpStream;
    type StopReason = SingleThreadStopReason<u64>;

    fn wait_for_stop_reason(
        target: &mut Self::Target,
        conn: &mut TcpStream,
    ) -> Result<Event<Self::StopReason>, WaitForStopReasonError<Failed, io::Error>> {
        loop {
            if let Some(stop) = target.go().map_err(WaitForStopReasonError::Target)? {
                return Ok(Event::TargetStopped(stop));
            }
            let waiting = ConnectionExt::peek(conn).map_err(WaitForStopReasonError::Connection)?;
            if waiting.is_some() {
                let byte = ConnectionExt::read(conn).map_err(WaitForStopReasonError::Connection)?;
                return Ok(Event::IncomingData(byte));
            }
        }
    }

    fn on_interrupt(_target: &mut Self::Target) -> Result<Option<Self::StopReason>, Failed> {
        Ok(Some(SingleThreadStopReason::Signal(Signal::SIGINT)))
    }
}
