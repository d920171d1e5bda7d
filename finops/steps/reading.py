"""Opens the ledger to tell cost: in the currency of each bill, or all in the one that `[currency] report` names."""

from __future__ import annotations

from datetime import date

from finops.config import Settings
from finops.core.exchange import Exchange, ratio
from finops.core.numbers import count
from finops.ledger.converting import Used, in_currency
from finops.ledger.store import Reader, open_reader
from finops.prices.exchange import read_exchange


def read_ledger(settings: Settings) -> Reader:
    """The ledger to read, cost in the currency that is told; what it rests on is added to what the answer says."""
    reader = open_reader(settings.ledger, memory=settings.memory, threads=settings.threads)
    if settings.reporting is None:
        return reader
    quote = settings.reporting
    try:
        exchange = read_exchange(settings.exchange_rates)

        def rate_of(day: date, base: str) -> tuple[int, int] | None:
            rate = exchange.rate(day, base, quote)
            return None if rate is None else ratio(rate)

        used = in_currency(reader, quote, rate_of, settings.calendar.zone)
    except BaseException:
        reader.close()
        raise
    settings.reported_in[:] = [quote]
    for one in used:
        settings.rates_told.extend(_sentences(one, exchange, quote))
    return reader


def _sentences(used: Used, exchange: Exchange, quote: str) -> list[str]:
    """Which rates were taken, and what has none."""
    ends = [(day, exchange.rate(day, used.currency, quote)) for day in (used.first, used.last)]
    told = [f"{rate:.6g} on {day}" for day, rate in ends if rate is not None]
    said = []
    if used.days or told:
        said.append(
            f"{used.currency} is told in {quote}, each day at its own rate ({', '.join(told) or 'of some days'}; "
            f"{', '.join(exchange.sources)}): `--currency {used.currency}` has it as it was billed"
        )
    if used.without:
        said.append(
            f"no rate from {used.currency} to {quote} is known for "
            + ("a day of cost, which stays" if used.without == 1 else f"{count(used.without)} days of cost, which stay")
            + f" in {used.currency}"
        )
    return said
