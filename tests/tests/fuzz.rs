//! The kept corpus of the fuzzer, and mutations of it, against every way in for bytes from the network. The same every
//! time; `make fuzz` goes on from here. `RASOAT_BLESS=1` takes golden vectors and messages of the simulator into the corpus.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use house_tests::fuzz::{TARGETS, Target};
use house_tests::simulation::Script;
use house_tests::simulation::world::World;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use schemas::standard::shipped;
use sync_protocol::hash::{tagged, to_hex};
use sync_protocol::message::{Request, Response};
use sync_protocol::segment::{Packed, Payload, Segment};

/// Inputs that are tried in all, at least.
const INPUTS: usize = 110_000;
/// Longest input that is mutated: the rest of a long one says little more.
const LONGEST: usize = 4_096;
/// Longest honest input that is kept.
const LONGEST_KEPT: usize = 24 * 1024;

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target)
}

/// The corpus of a target, in the order of its names.
fn corpus(target: &str) -> Result<Vec<Vec<u8>>> {
    let files: BTreeSet<PathBuf> = std::fs::read_dir(folder(target))
        .with_context(|| format!("corpus of {target}"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.iter().map(|path| std::fs::read(path).with_context(|| path.display().to_string())).collect()
}

/// One to four changes of the kinds that parsers stumble over; now and then another input's end.
fn mutated(input: &[u8], other: &[u8], rng: &mut SmallRng) -> Vec<u8> {
    let mut bytes = input[..input.len().min(LONGEST)].to_vec();
    for _ in 0..rng.random_range(1..5) {
        let at = rng.random_range(0..=bytes.len());
        match rng.random_range(0..8) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, rng.random()),
            2 => {
                bytes.splice(at..at, other[rng.random_range(0..=other.len())..].iter().take(64).copied()).for_each(drop)
            }
            3 if at < bytes.len() => drop(bytes.remove(at)),
            4 if at < bytes.len() => bytes[at] = *[0, 0x7f, 0x80, 0xff].get(rng.random_range(0..4)).unwrap_or(&0),
            5 if at < bytes.len() => bytes[at] = rng.random(),
            6 if at < bytes.len() => bytes[at] = bytes[at].wrapping_add(rng.random_range(0..3)).wrapping_sub(1),
            _ if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
            _ => {}
        }
    }
    bytes
}

/// Tells which input it was when a decoder panics.
struct Witness<'a>(&'a Target, Vec<u8>);

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{} broke on {}", self.0.name, to_hex(&self.1));
        }
    }
}

fn run(target: &Target, bytes: Vec<u8>) {
    let witness = Witness(target, bytes);
    (target.run)(&witness.1);
}

#[test]
fn no_kept_input_and_no_mutation_of_one_breaks_a_decoder() -> Result<()> {
    for (number, target) in TARGETS.iter().enumerate() {
        let corpus = corpus(target.name)?;
        assert!(!corpus.is_empty(), "no corpus for {}", target.name);
        corpus.iter().for_each(|input| run(target, input.clone()));
        let mut rng = SmallRng::seed_from_u64(20_261_123 + number as u64);
        for _ in 0..INPUTS.div_ceil(TARGETS.len()) {
            let mut drawn = || &corpus[rng.random_range(0..corpus.len())];
            let (input, other) = (drawn(), drawn());
            run(target, mutated(input, other, &mut rng));
        }
    }
    Ok(())
}

#[test]
fn every_corpus_belongs_to_a_decoder_and_stays_small() -> Result<()> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder(""))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        assert!(TARGETS.iter().any(|target| target.name == name), "no decoder is called {name}");
        bytes += corpus(&name)?.iter().map(Vec::len).sum::<usize>();
    }
    assert!(bytes < 512 * 1024, "{bytes} bytes");
    Ok(())
}

/// Inputs that an honest day makes, by target.
#[derive(Default)]
struct Honest(BTreeMap<&'static str, BTreeSet<Vec<u8>>>);

/// Inputs of one kind that the simulator gives to the corpus.
const MOST_SIMULATED: usize = 12;

impl Honest {
    fn add(&mut self, target: &'static str, bytes: Vec<u8>) {
        self.0.entry(target).or_default().insert(bytes);
    }

    fn request(&mut self, bytes: &[u8]) -> Result<()> {
        self.add("request", bytes.to_vec());
        let request = Request::from_bytes(bytes)?;
        for chapter in request.chapters.into_iter().flatten() {
            self.add("chapter", chapter.to_vec());
        }
        for segment in request.segments {
            match Packed::is_packed(&segment) {
                true => self.add("packed-segment", segment.to_vec()),
                false => self.segment(&segment)?,
            }
        }
        Ok(())
    }

    fn segment(&mut self, bytes: &[u8]) -> Result<()> {
        self.add("segment", bytes.to_vec());
        for (entry, payload) in Segment::open(bytes)?.with_payloads() {
            self.add("entry", minicbor::to_vec(entry)?);
            if let Some(Payload::Raw(bytes)) = payload {
                self.change(bytes);
            }
        }
        Ok(())
    }

    /// A whole chunk, and its body: behind magic, checksum, type and a length of one byte or two.
    fn change(&mut self, bytes: &[u8]) {
        let head = if bytes.get(9).is_some_and(|length| *length < 0x80) { 10 } else { 11 };
        self.add("change", bytes.to_vec());
        self.add("change", bytes.iter().skip(head).copied().collect());
    }

    fn response(&mut self, bytes: &[u8]) -> Result<()> {
        self.add("response", bytes.to_vec());
        self.add("answer", bytes.to_vec());
        let response = Response::from_bytes(bytes)?;
        response.packed.iter().flatten().for_each(|page| self.add("packed-page", page.to_vec()));
        response.pages.iter().flat_map(|page| &page.changes).for_each(|bytes| self.change(bytes));
        Ok(())
    }

    fn answers(&mut self) {
        let said = ["1985-05-31", "2019", "001085012345", "22.336400,104.148700,8,1790000000,gps", "Hoàng Văn Páo"];
        for (number, said) in (0..60u8).zip(said.into_iter().cycle()) {
            self.add("value", [&[number], said.as_bytes()].concat());
        }
        let tables = shipped::FOLDERS.iter().flat_map(|(_, files)| *files);
        let tables: Vec<&str> = tables.filter(|(name, _)| name.starts_with("points/")).map(|(_, text)| *text).collect();
        self.add("points-table", tables.join("\0").into_bytes());
    }
}

/// A run in which the server is set back and phones give back.
const SEED: u64 = 107;

/// Everything that phones and server say to each other in one run of the simulator.
async fn simulated(seed: u64) -> Result<Honest> {
    let mut honest = Honest::default();
    let mut world = World::found(seed, 3).await?;
    for step in Script::drawn(seed, 3, 120).steps {
        world.step(step).await?;
    }
    for (phone, request) in std::mem::take(&mut world.sent) {
        honest.request(&request)?;
        if let Some(answer) = world.exchange(phone, &request).await? {
            honest.response(&answer)?;
        }
    }
    honest.answers();
    Ok(honest)
}

/// The golden vectors of `sync-protocol`, by target.
fn golden(honest: &mut Honest) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sync-protocol/vectors");
    let read = |name: &str| -> Result<Vec<u8>> {
        let text = std::fs::read_to_string(folder.join(name).with_extension("txt"))?;
        let hex = text.lines().filter_map(|line| line.split('#').next()).flat_map(str::chars);
        let digits: Vec<u32> = hex.filter_map(|digit| digit.to_digit(16)).collect();
        digits.chunks(2).map(|pair| Ok(u8::try_from(pair[0] << 4 | pair[1])?)).collect()
    };
    for name in ["request-holding", "request-as-bytes", "request-segment", "request-chapters", "version-1/request"] {
        honest.request(&read(name)?)?;
    }
    for name in ["response-answers", "response-page", "response-chapters", "response-forgotten", "version-1/response"] {
        honest.response(&read(name)?)?;
    }
    honest.add("cursors", read("cursors")?);
    for name in ["parcel", "parcel-answer", "letter", "reply", "share", "shared", "kept-key", "kept", "opened-key"] {
        honest.add(name, read(name)?);
    }
    Ok(())
}

/// What another client was told.
const SCHEMA: &str = include_str!("../../sync-protocol/protocol.cddl");

#[tokio::test]
async fn what_honest_phones_and_servers_say_breaks_nothing_and_is_what_the_schema_says() -> Result<()> {
    let mut honest = simulated(SEED).await?;
    golden(&mut honest)?;
    for rule in [
        "request",
        "response",
        "segment",
        "entry",
        "chapter",
        "parcel",
        "parcel-answer",
        "letter",
        "reply",
        "share",
        "shared",
        "kept-key",
        "kept",
        "opened-key",
    ] {
        let said = honest.0.get(rule).with_context(|| format!("no {rule}"))?;
        for bytes in said {
            cddl_cat::validate_cbor_bytes(rule, SCHEMA, bytes).with_context(|| to_hex(bytes))?;
        }
    }
    for target in TARGETS {
        let inputs = honest.0.remove(target.name).unwrap_or_default();
        assert!(!inputs.is_empty(), "nothing honest for {}", target.name);
        inputs.iter().for_each(|input| run(target, input.clone()));
        if std::env::var_os("RASOAT_BLESS").is_some() {
            std::fs::create_dir_all(folder(target.name))?;
            let short = inputs.iter().filter(|input| input.len() <= LONGEST_KEPT);
            for input in short.step_by(inputs.len().div_ceil(MOST_SIMULATED)) {
                let name = to_hex(&tagged("rasoat corpus 1", &[input])[..8]);
                std::fs::write(folder(target.name).join(name), input)?;
            }
        }
    }
    Ok(())
}
