"""The order of what arrived: within a thread, no notice may come after a later one."""

from collections import defaultdict
from collections.abc import Mapping

from domain.notice import Notice
from streams.demo.mail_server import MailServer
from streams.demo.slack_server import SlackServer


def out_of_order(decided: Mapping[str, Notice], slack: SlackServer, mail: MailServer) -> list[str]:
    """Return the threads in which a notice first arrived after a later one; a repeat is counted elsewhere."""
    arrived = [*dict.fromkeys(slack.notice_ids), *dict.fromkeys(mail.notice_ids)]
    threads = defaultdict[str, list[int]](list)
    for notice in (decided[each] for each in arrived if each in decided):
        threads[notice.thread].append(notice.sequence)
    return [thread for thread, sequences in threads.items() if sequences != sorted(sequences)]
