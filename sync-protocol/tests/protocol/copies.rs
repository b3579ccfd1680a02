//! One identity in more than one place: copies of a phone, phones set back, and villages that come and go. The simulated
//! commune has found each of these.

use schemas::value::Value;
use sync_protocol::device::{Record, Remark, Standing, View};
use sync_protocol::journal::Scope;
use sync_protocol::log::Cursor;
use sync_protocol::message::Page;
use sync_protocol::verdict::Rejection;

use crate::office::{Office, scope};
use crate::phone::{NOW, Phone, home};
use crate::support::answer;

#[test]
fn a_village_kept_for_waiting_work_is_not_written_down_after_every_answer() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    let other = Scope { village: schemas::ids::UnitId(99), ..scope() };
    lan.device.apply(&Record::Assigned(vec![scope(), other.clone()]));
    // The office of this test answers for one village only: the other is no longer lan's.
    let own = lan.device.found(other.clone(), home(9), &[answer("floor_area", 1)].into(), NOW);
    assert!(own.is_ok());
    office.closed.insert(home(9));
    for _ in 0..3 {
        let sync = lan.device.request(NOW.wall_ms, 1 << 20);
        let response = office.exchange(lan.device.author().key, &sync.bytes);
        let outcome = lan.device.answer(&sync, &response, NOW.wall_ms).unwrap();
        let assigned = outcome.records.iter().filter(|record| matches!(record, Record::Assigned(_)));
        assert_eq!(assigned.count(), 0);
    }
}

#[test]
fn a_copy_of_a_phone_begins_a_new_epoch_and_gets_what_the_other_wrote() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    lan.commit(home(1), [answer("floor_area", 40)]);
    lan.sync(&mut office);
    let mut copy = Phone { device: lan.restarted(1, &office), disk: lan.disk.clone() };
    lan.commit(home(1), [answer("floor_area", 41)]);
    lan.sync(&mut office);
    assert_eq!(copy.sync(&mut office), [Remark::NotAlone(scope())]);
    assert_eq!(copy.device.author().epoch, 2);
    assert_eq!(copy.said(home(1), "floor_area", View::Accepted), Some(Value::Int(41)));
    copy.commit(home(1), [answer("floor_area", 42)]);
    assert!(copy.sync(&mut office).is_empty());
    assert!(lan.sync(&mut office).is_empty());
    assert_eq!(lan.said(home(1), "floor_area", View::Accepted), Some(Value::Int(42)));
}

#[test]
fn a_village_given_up_and_given_back_comes_with_ones_own_work() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    lan.commit(home(1), [answer("floor_area", 40)]);
    lan.sync(&mut office);
    lan.device.apply(&Record::Assigned(Vec::new()));
    assert_eq!(lan.device.households().count(), 0);
    lan.device.apply(&Record::Assigned(vec![scope()]));
    assert_eq!(lan.sync(&mut office), [Remark::NotAlone(scope())]);
    assert_eq!(lan.said(home(1), "floor_area", View::Accepted), Some(Value::Int(40)));
}

#[test]
fn of_two_tabs_that_write_at_once_the_second_begins_a_new_epoch_and_loses_nothing() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    lan.commit(home(1), [answer("floor_area", 40)]);
    lan.sync(&mut office);
    let mut tab = Phone { device: lan.restarted(1, &office), disk: lan.disk.clone() };
    lan.commit(home(1), [answer("floor_area", 41)]);
    tab.commit(home(1), [answer("floor_area", 42)]);
    lan.sync(&mut office);
    tab.sync(&mut office);
    assert!(tab.device.author().epoch > 1);
    assert_eq!(tab.standings(home(1)), [Standing::Rejected(Rejection::Fork)]);
    assert_eq!(tab.said(home(1), "floor_area", View::Accepted), Some(Value::Int(41)));
    tab.commit(home(1), [answer("floor_area", 43)]);
    tab.sync(&mut office);
    lan.sync(&mut office);
    assert_eq!(lan.said(home(1), "floor_area", View::Accepted), Some(Value::Int(43)));
}

#[test]
fn a_phone_that_has_lost_how_far_it_had_read_reads_from_the_first_row_and_keeps_its_work() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    lan.commit(home(1), [answer("floor_area", 40)]);
    lan.sync(&mut office);
    lan.commit(home(1), [answer("floor_area", 41)]);
    let page = lan.disk.iter().find_map(|bytes| match Record::from_bytes(bytes) {
        Ok(Record::Page(page)) => Some(page),
        _ => None,
    });
    // A page that does not follow what was read: the one in between is gone.
    let (page, gap) = (page.unwrap(), Cursor { generation: office.generation, position: 99 });
    let page = Page { after: gap, ..page };
    lan.device.apply(&Record::Page(page));
    assert_eq!(lan.said(home(1), "floor_area", View::Mine), Some(Value::Int(41)));
    assert!(lan.sync(&mut office).is_empty());
    assert_eq!(lan.said(home(1), "floor_area", View::Accepted), Some(Value::Int(41)));
}
