//! A library on this machine: an empty table, an empty bucket, an importer, and the functions that live on them.

use std::io::Write;
use std::path::{Path, PathBuf};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use jiff::SignedDuration;
use tempfile::TempDir;
use yujie_covers::store::CoverStore;
use yujie_import::{Importer, Report, Summary, Wanted};
use yujie_index_store::Local;
use yujie_index_store::testing::Bucket;
use yujie_runtime::{Clock, Entropy};
use yujie_table::Table;

pub(crate) struct Ground {
    pub(crate) table: Table,
    pub(crate) bucket: Bucket,
    pub(crate) importer: Importer,
    pub(crate) clock: Clock,
    files: TempDir,
}

pub(crate) const SITES: &str = "\
id,name,kind,address,lat,lng,opening_hours,holds_stock
C01,中心馆,library,广渠路1号,39.89562,116.48127,Mo-Su 09:00-21:00,1
L01,亚运村分馆,street_library,安立路26号,39.98814,116.42083,24/7,1
S01,自助馆,self_service_24h,望京,39.99,116.48,24/7,0
";

pub(crate) const TITLES: &str = "\
id,isbn,title,author,publisher,pub_year,category,rating_count,class
b000004,9787544270878,解忧杂货店,[日] 东野圭吾,南海出版公司,2014,东野圭吾|小说,786505,I313.45
b000005,,白夜行,[日] 东野圭吾,南海出版公司,2013,东野圭吾|小说,500000,
b000006,,红楼梦,[清] 曹雪芹,人民文学出版社,1996,古典文学,400000,I242.4
";

impl Ground {
    pub(crate) async fn new() -> Self {
        let bucket = Bucket::start().await;
        let files = tempfile::tempdir().unwrap();
        let clock = Clock::fixed(Bucket::now());
        let table = table().await;
        let importer = Importer {
            table: table.clone(),
            store: bucket.store(),
            local: Local::open(&files.path().join("importer")).unwrap(),
            clock: clock.clone(),
            entropy: Entropy::counting(1),
        };
        Self { table, bucket, importer, clock, files }
    }

    /// The sites, and these titles with copies.
    pub(crate) async fn with_titles(titles: &str) -> Self {
        let ground = Self::new().await;
        ground.load_sites().await;
        ground.load_titles(titles).await;
        ground
    }

    pub(crate) async fn load_sites(&self) -> Summary {
        let mut report = Report::new(None).unwrap();
        self.importer.sites(&self.file("sites.csv", SITES), &mut report).await.unwrap();
        report.finish()
    }

    pub(crate) async fn load_titles(&self, titles: &str) -> Summary {
        let mut report = Report::new(Some(&self.rejects())).unwrap();
        let wanted = Wanted { make_copies: true, ..Wanted::default() };
        self.importer.catalogue(&self.file("titles.csv", titles), &wanted, &mut report).await.unwrap();
        report.finish()
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.files.path().join(name);
        std::fs::File::create(&path).unwrap().write_all(content.as_ref()).unwrap();
        path
    }

    pub(crate) fn rejects(&self) -> PathBuf {
        self.files.path().join("rejects.csv")
    }

    pub(crate) fn search(&self) -> search::App {
        let local = Local::open(&self.files.path().join("search")).unwrap();
        search::App {
            table: self.table.clone(),
            index: search::LiveIndex::new(self.bucket.store(), local, self.clock.clone()),
            covers: CoverStore::new(self.bucket.client(), Bucket::NAME),
            unmet: search::Budget::default(),
            clock: self.clock.clone(),
        }
    }

    pub(crate) fn indexer(&self) -> indexer::App {
        indexer::App {
            table: self.table.clone(),
            store: self.bucket.store(),
            local: Local::open(&self.files.path().join("indexer")).unwrap(),
            clock: self.clock.clone(),
        }
    }

    pub(crate) fn pass(&self, time: SignedDuration) {
        if let Clock::Fixed(now) = &self.clock {
            let ms = i64::try_from(time.as_millis()).unwrap();
            now.fetch_add(ms, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

/// `events/<function>/<case>.json`.
pub(crate) fn event(function: &str, case: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../events")
        .join(function)
        .join(format!("{case}.json"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

async fn table() -> Table {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "a test server lives as long as its test")]
    tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    yujie_table::create_table(&client, "library").await.unwrap();
    Table::new(client, "library")
}
