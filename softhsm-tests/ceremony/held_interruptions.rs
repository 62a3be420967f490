//! Interruptions of a sound ceremony, as changes for `held.py`.

/// Name, and what happened at the interruption.
pub(super) const INTERRUPTED: &[(&str, &str)] = &[
    (
        "two torn lines at one place",
        "for n in ('40', '40-2'): files['run/torn-' + n] = b'{'\nsay('deviation', text='removed: run/torn-40-2, run/torn-40.', by='hsm-ca')\nevents.insert(9, events.pop())",
    ),
    (
        "stopped between two steps",
        "at = find('confirmed', 'i1')\nsay('stopped', because='night')\nopened(2)\nevents[at:at] = events[-5:]\ndel events[-5:]",
    ),
    (
        "killed in a step, and people had the same bytes signed again",
        "at = find('sign-end', 'root')\nsay('deviation', text='killed', by='hsm-ca')\nopened(2)\nevents[-5], events[-4] = events[-4], events[-5]\nsay('decision', step='root', choice='sign-again', people=['A', 'B'])\nsay('confirmed', step='root')\nevents.append(dict(events[at - 1]))\nevents[at:at] = events[-8:]\ndel events[-8:]",
    ),
    (
        "a note and a deviation",
        "say('note', text='x', by='W')\nevents.insert(9, events.pop())\nsay('deviation', text='y', by='A')\nevents.insert(12, events.pop())",
    ),
    (
        "somebody signed at the gate, and left after an interruption",
        "opened = next(event for event in events if event['what'] == 'gate-open')\nstatement('run/gates', f\"gate@main-{place('C')}\", 'gate', 'C', {'step': 'gate', 'session': 'main', 'objects': opened['objects']})",
    ),
    (
        "somebody signed twice at the gate",
        "opened = next(event for event in events if event['what'] == 'gate-open')\nfor name, time in (('1', '2031-06-01T07:00:00Z'), ('2', '2031-06-01T09:00:00Z')): statement('run/gates', name, 'gate', 'A', {'step': 'gate', 'session': 'main', 'objects': opened['objects']}, time=time)",
    ),
    (
        "the clock went back, and people said that it is right",
        "times[20:] = [time - 5 for time in times[20:]]\nsay('decision', step='x', choice='clock-is-right', people=['W'])\nevents.insert(20, events.pop())",
    ),
];
