//! A server for tests that answers as it was told, and files for them.

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Answers of a server by request line; what it was asked.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Each request is answered by the next of its answers; the last one stays.
    pub(crate) async fn start(answers: &[(&'static str, &[(u16, &str)])]) -> Self {
        let answers = answers.iter().map(|(line, answers)| {
            let answers = answers.iter().rev().map(|(status, body)| (*status, (*body).to_owned()));
            (*line, answers.collect::<Vec<_>>())
        });
        let mut answers: HashMap<&str, Vec<(u16, String)>> = answers.collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 16 << 10];
                let read = stream.read(&mut request).await.unwrap();
                let request = String::from_utf8_lossy(&request[..read]).into_owned();
                let line = request.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
                let known = answers.get_mut(line.as_str());
                let (status, body) = known.map_or((500, String::new()), |answers| {
                    if answers.len() > 1 { answers.pop().unwrap() } else { answers[0].clone() }
                });
                log.lock().unwrap().push(request);
                let head = format!(
                    "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nlocation: http://127.0.0.1:1/\r\n",
                    body.len()
                );
                let _ = stream.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes()).await;
            }
        });
        Self { address, asked }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|request| request.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned()).collect()
    }
}

/// A file that its owner alone may read.
pub(crate) fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    file
}
