//! How fast the API answers, over real connections of this machine and to callers with a key: postings one by one and in
//! batches against requests that ask for nothing and against the same postings without HTTP, pages of lists and projects,
//! and how long a posting takes to reach everybody who follows.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use futures::StreamExt;
use futures::future::{join_all, try_join_all};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use karez_events::Submission;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use super::{Answers, BenchReport, CALLERS, Line, Size, by_callers, record, workload};
use crate::accounts::fresh_key;
use crate::audit::Notary;
use crate::authorization::Role;
use crate::bus::{Bus, Intake};
use crate::clock::{BUSINESS_TIME_ZONE, Clock, Stopwatch};
use crate::config::USUAL_DAILY_AT;
use crate::follower::Follower;
use crate::gateway::auth::Authentication;
use crate::gateway::{Door, Gateway, GatewayParts, GatewaySettings};
use crate::recorder::Recorder;
use crate::sentinel::Daily;
use crate::store::{By, CONSOLE, EventLog};
use crate::tasks::{Child, Tasks, spawn_child};
use crate::telemetry::Metrics;

/// Rows of a batch.
const BATCH: usize = 1_000;
/// Pages of each kind in one round, each after a posting.
const PAGES: usize = 200;
/// Facts whose way to the readers is timed in one round.
const HEARD: usize = 5;
const BODY_LIMIT_BYTES: usize = 1024 * 1024;
const REQUEST_LIMIT: Duration = Duration::from_mins(2);

/// Measures on what the store holds, which then holds what was posted as well.
///
/// # Errors
/// The store cannot be read or written, or a posting is not recorded.
pub async fn api(log: &EventLog, size: Size, readers: usize) -> anyhow::Result<BenchReport> {
    let clock = Clock::system();
    let (key, kept) = fresh_key("bench", Role::Finance, None, clock.now(), None)?;
    let by = By {
        actor: CONSOLE,
        at: clock.now(),
    };
    anyhow::ensure!(
        log.create_key(&kept, by).await?,
        "the key of an earlier bench is in force"
    );
    let bus = Bus::in_process();
    let intake = bus.intake();
    let metrics = Arc::new(Metrics::try_new()?);
    let follower = Follower::load(log).await?;
    let recorder = Recorder::new(log.clone(), bus.clone(), clock.clone(), Arc::clone(&metrics));
    let parts = GatewayParts {
        log: log.clone(),
        intake: intake.clone(),
        follower: follower.clone(),
        clock,
        metrics: Arc::clone(&metrics),
        directory: None,
        daily: Daily::try_new("sentinel.daily_at", USUAL_DAILY_AT, BUSINESS_TIME_ZONE)?,
        notary: Notary::try_new(log).await?,
    };
    let settings = GatewaySettings {
        time_zone: BUSINESS_TIME_ZONE,
        body_limit_bytes: BODY_LIMIT_BYTES,
        request_timeout: REQUEST_LIMIT,
        // All come from one address, which gets half of the room.
        concurrent_requests: 2 * (CALLERS + readers + 1),
        past_portfolios: 1,
        authentication: Authentication::Required,
        only_health: false,
        door: Door::default(),
    };
    let gateway = Gateway::try_new(parts, settings)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let mut tasks = Tasks::new();
    let stop = tasks.stop_signal();
    tasks.spawn("recorder", recorder.run(stop.clone()));
    tasks.spawn("today's figures", gateway.clone().keep_today_ready(stop.clone()));
    tasks.spawn(
        "follower",
        follower.follow(log.clone(), bus.feed(), metrics, stop),
    );
    let closing = tasks.close_signal();
    tasks.spawn_door("gateway", gateway.serve(listener, closing));
    let caller = Caller { address, key };
    let mut measured = None;
    tasks
        .run_until(async { measured = Some(measure(&caller, &intake, size, readers).await) })
        .await?;
    let lines = measured.context("the API ended before it was measured")??;
    Ok(BenchReport::new("api", log.backend(), lines))
}

/// A program with a key. What it asks is written down before the time is taken.
struct Caller {
    address: String,
    key: String,
}

impl Caller {
    fn get(&self, path: &str) -> anyhow::Result<Request<Body>> {
        self.request(Method::GET, path, Body::empty())
    }

    /// One fact by an address of its own.
    fn posting(&self, posting: &Submission) -> anyhow::Result<Request<Body>> {
        let path = format!("/v1/projects/{}/events", posting.stream.id());
        let body = serde_json::to_vec(&body_of(posting)?)?;
        self.request(Method::POST, &path, body.into())
    }

    fn batch(&self, postings: &[Submission]) -> anyhow::Result<Request<Body>> {
        let row = |posting: &Submission| -> anyhow::Result<Value> {
            let mut row = body_of(posting)?;
            if let Some(members) = row.as_object_mut() {
                members.insert("project".to_owned(), json!(posting.stream.id()));
            }
            Ok(row)
        };
        let rows: Vec<Value> = postings.iter().map(row).collect::<anyhow::Result<_>>()?;
        self.request(
            Method::POST,
            "/v1/events:batch",
            serde_json::to_vec(&rows)?.into(),
        )
    }

    fn request(&self, method: Method, path: &str, body: Body) -> anyhow::Result<Request<Body>> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.address)
            .header(AUTHORIZATION, format!("Bearer {}", self.key))
            .header(CONTENT_TYPE, "application/json");
        Ok(request.body(body)?)
    }

    async fn connections(&self, count: usize) -> anyhow::Result<Vec<Connection>> {
        try_join_all((0..count).map(|_| Connection::open(&self.address))).await
    }
}

/// A kept connection of a program that does no more than it must: on the same processors, what asks costs as much as what
/// answers.
struct Connection {
    sender: SendRequest<Body>,
    _driver: Child,
}

impl Connection {
    async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let driver = spawn_child("connection of a caller", async move {
            if let Err(error) = connection.await {
                tracing::warn!("a connection of a caller broke: {error}");
            }
        });
        Ok(Self {
            sender,
            _driver: driver,
        })
    }

    /// The whole of a good answer.
    async fn ask(&mut self, request: Request<Body>) -> anyhow::Result<Bytes> {
        let (status, body) = self.begin(request).await?;
        let body = to_bytes(body, BODY_LIMIT_BYTES).await?;
        anyhow::ensure!(
            status.is_success(),
            "{status}: {}",
            String::from_utf8_lossy(&body)
        );
        Ok(body)
    }

    /// An answer that goes on.
    async fn begin(&mut self, request: Request<Body>) -> anyhow::Result<(StatusCode, Body)> {
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        Ok((response.status(), Body::new(response.into_body())))
    }
}

fn body_of(posting: &Submission) -> anyhow::Result<Value> {
    let mut body = serde_json::to_value(posting)?;
    if let Some(members) = body.as_object_mut() {
        members.retain(|name, _| ["type", "occurred_on", "data", "metadata"].contains(&name.as_str()));
    }
    Ok(body)
}

fn all_recorded(told: &[u8], count: usize) -> anyhow::Result<()> {
    let told: Value = serde_json::from_slice(told)?;
    let results = told.get("results").and_then(Value::as_array);
    let recorded = results
        .into_iter()
        .flatten()
        .filter(|row| row.get("status") == Some(&json!("recorded")));
    anyhow::ensure!(recorded.count() == count, "a row was not recorded: {told}");
    Ok(())
}

async fn measure(caller: &Caller, intake: &Intake, size: Size, readers: usize) -> anyhow::Result<Vec<Line>> {
    let posts = (size.events / 25).clamp(CALLERS, 5_000);
    let [mut idle, mut bare, mut single, mut batched, mut heard]: [Answers; 5] = Default::default();
    let mut looks = Looks::default();
    // The recorder has read the log and taken its place when this is recorded.
    for posting in workload::postings("ready", 0, 1, size.projects)? {
        record(intake, posting).await?;
    }
    for round in 0..size.rounds {
        let made =
            |what: &str, count| workload::postings(&format!("{what}-{round}"), 0, count, size.projects);
        let mut connections = caller.connections(CALLERS).await?;
        let ask = async |connection: &mut Connection, request| connection.ask(request).await.map(drop);
        let nothings = (0..posts).map(|_| caller.get("/healthz"));
        let nothings = nothings.collect::<anyhow::Result<_>>()?;
        by_callers(&mut connections, nothings, &mut idle, ask).await?;
        by_callers(
            &mut vec![intake; CALLERS],
            made("bare", posts)?,
            &mut bare,
            async |intake, posting| record(intake, posting).await,
        )
        .await?;
        let written = made("single", posts)?
            .iter()
            .map(|posting| caller.posting(posting))
            .collect::<anyhow::Result<_>>()?;
        by_callers(&mut connections, written, &mut single, ask).await?;
        let connection = connections.first_mut().context("there are callers")?;
        for batch in made("batch", BATCH * 4)?.chunks(BATCH) {
            let told = timed(&mut batched, connection, caller.batch(batch)?).await?;
            all_recorded(&told, batch.len())?;
        }
        looks
            .add(caller, connection, made("looked-at", PAGES)?, size.projects)
            .await?;
        follow(caller, made("heard", HEARD)?, readers, &mut heard).await?;
    }
    let idle = idle.line("requests over HTTP that ask for nothing, 256 callers");
    let bare = bare.line("recorded one by one without HTTP, 256 callers");
    let mut batched = batched.line("a batch of 1,000 over HTTP, answered after commit");
    // A batch is one request; its rate is that of its rows.
    batched.per_second = batched.per_second.saturating_mul(BATCH as u64);
    let single = single.line("recorded one by one over HTTP, 256 callers, answered after commit");
    let mut lines = vec![single.against(&idle), batched.against(&bare), bare, idle];
    lines.extend(looks.lines());
    lines.push(heard.line(&format!("from a posting to each of {readers} live readers")));
    Ok(lines)
}

/// Pages that somebody looks at.
#[derive(Default)]
struct Looks {
    first_overviews: Answers,
    first_lists: Answers,
    overviews: Answers,
    lists: Answers,
    projects: Answers,
}

impl Looks {
    /// First at what thousands of postings have changed, then after each one of some more.
    async fn add(
        &mut self,
        caller: &Caller,
        connection: &mut Connection,
        postings: Vec<Submission>,
        project_count: usize,
    ) -> anyhow::Result<()> {
        let overview = "/v1/overview";
        let list = "/v1/projects?sort=-spent&limit=100";
        timed(&mut self.first_overviews, connection, caller.get(overview)?).await?;
        timed(&mut self.first_lists, connection, caller.get(list)?).await?;
        for (page, posting) in postings.iter().enumerate() {
            connection.ask(caller.posting(posting)?).await?;
            timed(&mut self.overviews, connection, caller.get(overview)?).await?;
            timed(&mut self.lists, connection, caller.get(list)?).await?;
            let project = format!("/v1/projects/{}", workload::project_id(page % project_count)?);
            timed(&mut self.projects, connection, caller.get(&project)?).await?;
        }
        Ok(())
    }

    fn lines(&self) -> [Line; 5] {
        let list = "first page of projects by amount spent, 100 rows";
        let first = "the first after thousands of postings";
        [
            self.overviews.line("overview, each after a posting"),
            self.lists.line(&format!("{list}, each after a posting")),
            self.projects.line("project page"),
            self.first_overviews.line(&format!("overview, {first}")),
            self.first_lists.line(&format!("{list}, {first}")),
        ]
    }
}

async fn timed(
    answers: &mut Answers,
    connection: &mut Connection,
    request: Request<Body>,
) -> anyhow::Result<Bytes> {
    let started = Stopwatch::start();
    let body = connection.ask(request).await?;
    let took = started.elapsed();
    answers.add(vec![took], took);
    Ok(body)
}

/// Times each fact's way from its sending to everybody who follows.
async fn follow(
    caller: &Caller,
    postings: Vec<Submission>,
    readers: usize,
    heard: &mut Answers,
) -> anyhow::Result<()> {
    let mut connections = caller.connections(readers).await?;
    let open = connections.iter_mut().map(async |connection| {
        let (status, body) = connection.begin(caller.get("/v1/live")?).await?;
        anyhow::ensure!(status.is_success(), "the live stream is refused: {status}");
        Ok(body.into_data_stream())
    });
    let mut open = try_join_all(open).await?;
    let mut posting_connection = Connection::open(&caller.address).await?;
    for posting in postings {
        let id = posting.event_id.to_string();
        let request = caller.posting(&posting)?;
        let started = Stopwatch::start();
        let hear = open.iter_mut().map(async |reader| {
            let mut text = String::new();
            while !text.contains(&id) {
                let chunk = reader.next().await.context("a live stream ended")??;
                text.push_str(&String::from_utf8_lossy(&chunk));
            }
            anyhow::Ok(started.elapsed())
        });
        let (sent, each) = futures::join!(posting_connection.ask(request), join_all(hear));
        sent?;
        let each = each.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        heard.add(each, started.elapsed());
    }
    Ok(())
}
