//! What connections come in by: a TCP port or a Unix socket.

use std::fmt;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::config::Listen;

/// The other container of a pod runs as another user of the same group.
const SOCKET_MODE: u32 = 0o660;

/// What connections come in by.
#[derive(Debug)]
pub enum Listener {
    /// A TCP port.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixSocket),
}

/// A connection that came in.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    /// Listens at this address.
    ///
    /// # Errors
    /// The address is taken, not ours, or not to be found.
    pub async fn bind(address: &Listen) -> anyhow::Result<Self> {
        match address {
            Listen::Tcp(address) => match TcpListener::bind(address).await {
                Ok(listener) => Ok(Self::Tcp(listener)),
                Err(error) => Err(error).context(format!("{address}: failed to listen")),
            },
            Listen::Unix(path) => Ok(Self::Unix(UnixSocket::bind(path)?)),
        }
    }

    pub(crate) async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => listener.accept().await.map(|(stream, _)| Stream::Tcp(stream)),
            Self::Unix(socket) => {
                socket.listener.accept().await.map(|(stream, _)| Stream::Unix(stream))
            }
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

impl From<UnixSocket> for Listener {
    fn from(socket: UnixSocket) -> Self {
        Self::Unix(socket)
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => write!(f, "{address}"),
                Err(error) => write!(f, "an address that is not known ({error})"),
            },
            Self::Unix(socket) => write!(f, "unix:{}", socket.path.display()),
        }
    }
}

/// A Unix socket that this process listens at; its file goes when it is dropped.
#[derive(Debug)]
pub struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Which file it is: another process may have put its own in the place since.
    inode: u64,
}

impl UnixSocket {
    /// Listens at this path, which processes of the same user or group can connect to. What a dead
    /// process left there is removed.
    ///
    /// # Errors
    /// Another process listens there, something else than a socket is there, or the system refuses.
    pub fn bind(path: impl Into<PathBuf>) -> anyhow::Result<Self> {
        let path = path.into();
        let failed = || format!("{}: failed to listen", path.display());
        remove_stale(&path)?;
        let listener = UnixListener::bind(&path).with_context(failed)?;
        let mode = std::fs::Permissions::from_mode(SOCKET_MODE);
        std::fs::set_permissions(&path, mode).with_context(failed)?;
        let inode = std::fs::symlink_metadata(&path).with_context(failed)?.ino();
        Ok(Self { listener, path, inode })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        let ours = std::fs::symlink_metadata(&self.path).is_ok_and(|file| file.ino() == self.inode);
        if ours {
            // Nothing can be done where it stays: the next to bind removes it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn remove_stale(path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    let file = match std::fs::symlink_metadata(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).context(format!("{shown}: failed to look at it")),
    };
    if !file.file_type().is_socket() {
        bail!("{shown}: expected a socket or nothing, found another kind of file");
    }
    // A socket that nobody listens at refuses.
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).with_context(|| format!("{shown}: failed to remove it"))
        }
        _ => bail!("{shown}: another process listens there"),
    }
}
