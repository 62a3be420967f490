//! Frames: a length and that many bytes, each way one per call.
//!
//! A request is the number of the function and its arguments, an answer is the `CK_RV` and what the
//! function wrote. There are numbers (8 bytes, of this machine), and byte strings (absent, or a
//! number and the bytes).

use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use zeroize::{Zeroize, Zeroizing};

/// The longest frame.
pub const MOST: usize = 16 << 20;

/// The length in front of a frame.
const PREFIX: usize = 4;
/// Replaces the length of an absent byte string.
const ABSENT: u64 = u64::MAX;

/// A frame that the other side would not send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// A frame to be sent.
pub struct Writer {
    frame: Zeroizing<Vec<u8>>,
    too_long: bool,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    pub fn new() -> Self {
        let mut frame = Zeroizing::new(Vec::with_capacity(1024));
        frame.extend_from_slice(&[0; PREFIX]);
        Self {
            frame,
            too_long: false,
        }
    }

    pub fn number(&mut self, number: u64) {
        self.append(&number.to_ne_bytes());
    }

    pub fn bytes(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            None => self.number(ABSENT),
            Some(bytes) => {
                self.number(bytes.len() as u64);
                self.append(bytes);
            }
        }
    }

    /// Sends the frame.
    pub fn send(mut self, stream: &UnixStream) -> io::Result<()> {
        let length = u32::try_from(self.frame.len() - PREFIX).map_err(io::Error::other)?;
        self.frame[..PREFIX].copy_from_slice(&length.to_ne_bytes());
        let mut rest = &self.frame[..];
        while !rest.is_empty() {
            // SAFETY: a borrowed buffer and its length. The flag is why it is not `Write::write`: a program that loads
            // the module need not ignore SIGPIPE.
            let sent = unsafe {
                libc::send(
                    stream.as_raw_fd(),
                    rest.as_ptr().cast(),
                    rest.len(),
                    libc::MSG_NOSIGNAL,
                )
            };
            match usize::try_from(sent) {
                Ok(sent) => rest = &rest[sent..],
                Err(_) => {
                    let error = io::Error::last_os_error();
                    if error.kind() != io::ErrorKind::Interrupted {
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether more was written than fits into a frame. Such a frame must not be sent.
    pub fn is_too_long(&self) -> bool {
        self.too_long
    }

    /// A growing `Vec` leaves its old memory unchanged. This wipes it.
    fn append(&mut self, bytes: &[u8]) {
        let length = self.frame.len() + bytes.len();
        if self.too_long || length - PREFIX > MOST {
            self.too_long = true;
            return;
        }
        if length > self.frame.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(length.next_power_of_two()));
            larger.extend_from_slice(&self.frame);
            self.frame.zeroize();
            self.frame = larger;
        }
        self.frame.extend_from_slice(bytes);
    }
}

/// A frame that was received, read from its start.
pub struct Reader {
    frame: Zeroizing<Vec<u8>>,
    position: usize,
}

impl Reader {
    /// Waits for a frame. The end of the stream is an error, even between two frames.
    pub fn receive(mut stream: &UnixStream) -> io::Result<Self> {
        let mut prefix = [0; PREFIX];
        stream.read_exact(&mut prefix)?;
        let length = usize::try_from(u32::from_ne_bytes(prefix)).map_err(io::Error::other)?;
        if length > MOST {
            return Err(io::Error::other("a frame that is too long"));
        }
        let mut frame = Zeroizing::new(vec![0; length]);
        stream.read_exact(&mut frame)?;
        Ok(Self { frame, position: 0 })
    }

    pub fn number(&mut self) -> Result<u64, Malformed> {
        let bytes = self.take(size_of::<u64>())?;
        Ok(u64::from_ne_bytes(bytes.try_into().map_err(|_| Malformed)?))
    }

    pub fn bytes(&mut self) -> Result<Option<&[u8]>, Malformed> {
        match self.number()? {
            ABSENT => Ok(None),
            length => self
                .take(usize::try_from(length).map_err(|_| Malformed)?)
                .map(Some),
        }
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.position == self.frame.len()
    }

    fn take(&mut self, length: usize) -> Result<&[u8], Malformed> {
        let end = self.position.checked_add(length).ok_or(Malformed)?;
        let bytes = self.frame.get(self.position..end).ok_or(Malformed)?;
        self.position = end;
        Ok(bytes)
    }
}
