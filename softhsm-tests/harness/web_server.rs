//! nginx, which has no support for OCSP.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::{Rig, start};

/// nginx on a port of the loopback interface, with a site's configuration.
pub(crate) struct WebServer(Child);

impl WebServer {
    /// A port that nothing listens on.
    pub(crate) fn free_port() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    }

    /// Serves `site` (a `server` block that listens on `port`) until it is dropped.
    pub(crate) fn start(rig: &Rig, site: &str, port: u16) -> Self {
        let directory = rig.path("nginx");
        std::fs::create_dir(&directory).expect("a directory");
        rig.write("nginx/site.conf", site);
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {what};\n"))
            .concat();
        let whole = format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr;\nevents {{ }}\nhttp {{\n{temporary}include site.conf;\n}}\n"
        );
        rig.write("nginx/nginx.conf", whole);
        let prefix = directory.to_str().expect("UTF-8");
        let arguments = ["-p", prefix, "-c", "nginx.conf", "-e", "stderr"];
        let mut nginx = rig.prepare_tool("/usr/sbin/nginx", &arguments);
        let mut child = start(nginx.stdin(Stdio::null()).stdout(Stdio::null()));
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert_eq!(child.try_wait().expect("a process"), None, "nginx ended");
            assert!(began.elapsed() < Duration::from_secs(30), "nginx does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self(child)
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
