"""Judges single conditions with Python's own libraries: addresses by ipaddress, moments
by zoneinfo and datetime, patterns by fnmatch. One JSON object a line in, yes or no out."""
import datetime
import fnmatch
import ipaddress
import json
import sys
import zoneinfo

WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def address(case):
    value = ipaddress.ip_address(case["value"])
    if value.version == 6 and value.ipv4_mapped:
        value = value.ipv4_mapped
    for text in case["wanted"]:
        if "-" in text:
            first, last = (ipaddress.ip_address(part) for part in text.split("-"))
            if value.version == first.version and first <= value <= last:
                return True
        else:
            network = ipaddress.ip_network(text)
            if value.version == network.version and value in network:
                return True
    return False


def begins(window, calendar, day):
    if not window.get("first_day", "0000") <= day.isoformat() <= window.get("last_day", "9999-12-31"):
        return False
    if window.get("weekdays") and WEEKDAYS[day.weekday()] not in window["weekdays"]:
        return False
    if not window.get("days"):
        return True
    working = day.weekday() < 5
    for kind, works in (("holidays", False), ("workdays", True)):
        for text in calendar.get(kind, []):
            first, _, last = text.partition("/")
            if first <= day.isoformat() <= (last or first):
                working = works
    return working == (window["days"] == "working")


def moment(case):
    window = case["window"]
    at = datetime.datetime.fromisoformat(case["at"]).astimezone(zoneinfo.ZoneInfo(window.get("time_zone", "Asia/Shanghai")))
    clock, start, end = at.strftime("%H:%M"), window.get("from", "00:00"), window.get("to", "24:00")
    today = begins(window, case["calendar"], at.date())
    if start < end:
        return start <= clock < end and today
    return clock >= start and today or clock < end and begins(window, case["calendar"], at.date() - datetime.timedelta(days=1))


def pattern(case):
    return fnmatch.fnmatchcase(case["value"], case["source"].replace("[", "[[]"))


for line in sys.stdin:
    case = json.loads(line)
    print("yes" if {"address": address, "moment": moment, "pattern": pattern}[case["kind"]](case) else "no")
