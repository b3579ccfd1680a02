//! Properties over random households: an answer never contradicts what was determined, and gaps are judged exactly.

use jiff::ToSpan;
use jiff::civil::date;
use proptest::prelude::*;
use schemas::form::{Kind, Question, Scope};
use schemas::household::{Answers, Household};
use schemas::ids::{HouseholdId, MemberId};
use schemas::rules::{Assessment, B1Mode, ClassSet, Training, Verdict, classify};
use schemas::standard::Standard;
use schemas::value::Value;

use crate::home::{AS_OF, Home, RURAL, vn_2022};

/// Every answer is given with a probability that leaves some households nearly whole and others nearly empty.
fn answers(standard: &Standard, scope: Scope) -> BoxedStrategy<Answers> {
    let questions = standard.form().questions().iter().filter(|question| question.scope == scope);
    let entries: Vec<BoxedStrategy<Option<(Question, Value)>>> = questions
        .map(|question| {
            let question = question.clone();
            prop::option::weighted(0.9, answer(&question))
                .prop_map(move |value| Some((question.clone(), value?)))
                .boxed()
        })
        .collect();
    entries.prop_map(|entries| entries.into_iter().flatten().map(|(q, value)| (q.key, value)).collect()).boxed()
}

fn answer(question: &Question) -> BoxedStrategy<Value> {
    match &question.kind {
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Number { min, max, .. } => {
            // Small numbers sit near the limits that the rules compare with.
            prop_oneof![*min..=(*max).min(*min + 300), *min..=*max].prop_map(Value::Int).boxed()
        }
        Kind::Choice { choices } => {
            let codes: Vec<Value> = choices.iter().map(|choice| Value::Text(choice.code.clone())).collect();
            prop_oneof![4 => Just(codes[0].clone()), 6 => prop::sample::select(codes)].boxed()
        }
        Kind::Date => (1940i16..=2027, 1i8..=12, 1i8..=28, 0u8..3)
            .prop_map(|(year, month, day, known)| match known {
                0 => Value::Text(format!("{year}")),
                1 => Value::Text(format!("{year}-{month:02}")),
                _ => Value::Text(format!("{year}-{month:02}-{day:02}")),
            })
            .boxed(),
        Kind::Text { .. } | Kind::CitizenId | Kind::Point | Kind::Photo => Just(Value::from("x")).boxed(),
    }
}

fn household(standard: &Standard) -> impl Strategy<Value = Household> + use<> {
    let members = prop::collection::vec(answers(standard, Scope::Member), 1..5);
    (answers(standard, Scope::Household), members).prop_map(|(answers, members)| {
        let mut household = Household::empty(HouseholdId([3; 16]));
        household.answers = answers;
        household.members = members.into_iter().zip(1..).map(|(one, at)| (MemberId([at; 10]), one)).collect();
        household
    })
}

fn assess(standard: &Standard, household: &Household, mode: &B1Mode) -> Assessment {
    classify(standard, &standard.facts(household), &RURAL, AS_OF, mode)
}

fn modes(standard: &Standard) -> [B1Mode; 3] {
    let sample = standard.points_tables().first().unwrap().clone();
    [B1Mode::Paper, B1Mode::Training(Training::MeasuredIncome), B1Mode::Training(Training::Sample(sample))]
}

/// Takes out answers one by one, in an order given by chance, and returns the households from empty to full.
fn from_empty_to_full(full: &Household, order: &[prop::sample::Index]) -> Vec<Household> {
    let mut steps = vec![full.clone()];
    for index in order {
        let mut less = steps[steps.len() - 1].clone();
        let rows = std::iter::once(&mut less.answers).chain(less.members.values_mut());
        let mut rows: Vec<&mut Answers> = rows.filter(|row| !row.is_empty()).collect();
        if rows.is_empty() {
            break;
        }
        let at = index.index(rows.len());
        let key = rows[at].keys().nth(index.index(rows[at].len())).unwrap().clone();
        rows[at].remove(&key);
        steps.push(less);
    }
    steps.reverse();
    steps
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_added_answer_never_contradicts_what_was_determined(
        full in household(&vn_2022()),
        order in prop::collection::vec(any::<prop::sample::Index>(), 40),
    ) {
        let standard = vn_2022();
        let steps = from_empty_to_full(&full, &order);
        for (mode, pair) in modes(&standard).iter().flat_map(|mode| steps.windows(2).map(move |pair| (mode, pair))) {
            let [before, after] = [&pair[0], &pair[1]].map(|step| assess(&standard, step, mode));
            prop_assert!(after.possible_classes().is_subset_of(before.possible_classes()));
            prop_assert!(!after.possible_classes().is_empty());
            for (earlier, later) in before.findings().iter().zip(after.findings()) {
                prop_assert!(earlier.verdict == Verdict::Undetermined || earlier.verdict == later.verdict);
            }
        }
    }

    #[test]
    fn the_same_household_always_gives_the_same_result(full in household(&vn_2022())) {
        let standard = vn_2022();
        for mode in modes(&standard) {
            prop_assert_eq!(assess(&standard, &full, &mode), assess(&vn_2022(), &full.clone(), &mode));
        }
        prop_assert_eq!(standard.facts(&full), vn_2022().facts(&full));
    }

    #[test]
    fn two_gaps_are_judged_exactly_as_their_completions(
        deprived in prop::collection::vec(any::<bool>(), 3),
        gaps in prop::sample::subsequence(vec!["wall", "roof", "pillar", "water_source", "latrine"], 2),
        points in 138i64..143,
    ) {
        let standard = vn_2022();
        let mut home = Home::new().with("b1_points", points).with("internet", !deprived[0]).with("smartphone", !deprived[1]);
        if deprived[2] {
            home = home.of_member(1, "health_insurance", false);
        }
        let choices = |key: &str| match &standard.form().question(Scope::Household, key).unwrap().kind {
            Kind::Choice { choices } => choices.clone(),
            other => panic!("{other:?}"),
        };
        let mut all = ClassSet::NONE;
        for first in choices(gaps[0]) {
            for second in choices(gaps[1]) {
                let whole = home.clone().with(gaps[0], &*first.code).with(gaps[1], &*second.code);
                all = all.union(whole.classes(&standard));
            }
        }
        let open = home.without(gaps[0]).without(gaps[1]);
        prop_assert_eq!(open.classes(&standard), all);
    }
}

#[test]
fn a_year_of_birth_is_judged_exactly_as_all_its_days() {
    let standard = vn_2022();
    let worst = [
        ("health_insurance", Value::from(false)),
        ("nutrition", "stunted".into()),
        ("education", "none".into()),
        ("employment", "looking".into()),
    ];
    for year in 1955i16..=2025 {
        for lacking in 0..4 {
            let answers = ["water_source", "latrine", "wall"].into_iter().take(lacking);
            let home = answers
                .fold(Home::new(), |home, key| home.with(key, if key == "wall" { "not_durable" } else { "other" }));
            let born = |born: &str| home.clone().member(born, &worst).classes(&standard);
            let days = date(year, 1, 1).series(1.day()).take_while(|day| day.year() == year);
            let all = days.fold(ClassSet::NONE, |all, day| all.union(born(&day.to_string())));
            assert_eq!(born(&year.to_string()), all, "{year}, {lacking}");
        }
    }
}
