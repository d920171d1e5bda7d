"""The Cloud Billing Catalog through Google's own client and an in-process gRPC server with pages: machines to the last digit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path

import grpc
import pytest
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError
from google.cloud.billing_v1 import CloudCatalogClient
from google.cloud.billing_v1.services.cloud_catalog.transports import CloudCatalogGrpcTransport
from google.cloud.billing_v1.types import ListSkusRequest, ListSkusResponse, Sku

from finops.errors import OutsideError, UsageError
from finops.prices.base import PricePoint, PriceQuery
from finops.prices.book import PriceBook
from finops.prices.checks import checked
from finops.prices.gcp_catalog import GcpCatalog

AT = date(2026, 11, 21)


def sku(description: str, price: str, usage: str = "OnDemand", unit: str = "h", regions: Sequence[str] = ("us-central1",)) -> Sku:
    units, _, nanos = price.partition(".")
    unit_price = {"currency_code": "USD", "units": int(units), "nanos": int(nanos.ljust(9, "0")[:9] or 0)}
    return Sku(
        sku_id=f"{abs(hash((description, price))) % 10**12:012X}",
        description=description,
        category={"resource_family": "Compute", "usage_type": usage},
        service_regions=regions,
        pricing_info=[
            {"pricing_expression": {"usage_unit": unit, "tiered_rates": [{"start_usage_amount": 0, "unit_price": unit_price}]}}
        ],
    )


def family(name: str, core: str, ram: str, usage: str = "OnDemand", prefix: str = "") -> list[Sku]:
    return [
        sku(f"{prefix}{name} Instance Core running in Iowa", core, usage),
        sku(f"{prefix}{name} Instance Ram running in Iowa", ram, usage, "GiBy.h"),
    ]


CATALOGUE = [
    *family("N1 Predefined", "0.031611", "0.004237"),
    *family("N2", "0.031611", "0.004237"),
    *family("E2", "0.02181159", "0.00292353"),
    *family("A2", "0.031611", "0.004237"),
    *family("C3", "0.03465", "0.003938"),
    *family("A3", "0.1", "0.01"),
    sku("Nvidia Tesla A100 GPU running in Iowa", "2.933908"),
    sku("Nvidia Tesla A100 80GB GPU running in Iowa", "3.92808"),
    sku("Nvidia H100 80GB GPU running in Iowa", "6.039058207"),
    *family("G4", "0.04891", "0.00587"),
    *family("G4", "0.019564", "0.002348", "Preemptible", "Spot Preemptible "),
    sku("RTX 6000 96GB running in Iowa", "1.09565"),
    sku("RTX 6000 96GB attached to Spot Preemptible VMs running in Iowa", "0.438108"),
    sku("1/8 vGPU no lssd running in Iowa", "0.64688"),
    sku("SSD backed Local Storage", "0.08", unit="GiBy.mo"),
    *family("N2", "0.01", "0.001", "Preemptible", "Spot Preemptible "),
    sku("Commitment v1: N2 Cpu in Iowa for 1 Year", "0.019915", "Commit1Yr"),
    sku("Commitment v1: N2 Ram in Iowa for 1 Year", "0.002669", "Commit1Yr", "GiBy.h"),
    sku("Commitment v1: Cpu in Iowa for 3 Years", "0.014225", "Commit3Yr"),
    sku("Commitment v1: Ram in Iowa for 3 Years", "0.001907", "Commit3Yr", "GiBy.h"),
    sku("N2 Custom Instance Core running in Iowa", "0.0331916"),
    sku("N2 Sole Tenancy Instance Core running in Iowa", "0.0348"),
    sku("Network Internet Egress from Iowa to Americas", "0.12", unit="GiBy"),
]


class Catalog:
    """The server, what it was asked, and the error that it is to end with."""

    def __init__(self) -> None:
        self.skus: list[Sku] = list(CATALOGUE)
        self.page = 7
        self.asked: list[str] = []
        self.error: tuple[grpc.StatusCode, int] | None = None
        self.server = grpc.server(ThreadPoolExecutor(2))
        self.server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(
                    "google.cloud.billing.v1.CloudCatalog",
                    {
                        "ListSkus": grpc.unary_unary_rpc_method_handler(
                            self.list_skus, ListSkusRequest.deserialize, ListSkusResponse.serialize
                        )
                    },
                ),
            )
        )
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def list_skus(self, request: ListSkusRequest, context: grpc.ServicerContext) -> ListSkusResponse:
        self.asked.append(f"{request.parent} {request.page_token}")
        if self.error and len(self.asked) > self.error[1]:
            context.abort(self.error[0], "token ya29.secret is off")
        start = int(request.page_token or 0)
        after = start + self.page
        return ListSkusResponse(skus=self.skus[start:after], next_page_token=str(after) if after < len(self.skus) else "")

    def client(self) -> CloudCatalogClient:
        channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        return CloudCatalogClient(transport=CloudCatalogGrpcTransport(channel=channel, credentials=AnonymousCredentials()))


@pytest.fixture(scope="module")
def server() -> Iterator[Catalog]:
    made = Catalog()
    yield made
    made.server.stop(None)


@pytest.fixture
def catalog(server: Catalog) -> Catalog:
    server.skus, server.asked, server.error = list(CATALOGUE), [], None
    return server


@pytest.fixture
def fetch(catalog: Catalog) -> Callable[..., dict[tuple[str, str], PricePoint]]:
    def fetched(**query: tuple[str, ...]) -> dict[tuple[str, str], PricePoint]:
        return {(p.sku, p.purchase_option): p for p in GcpCatalog(catalog.client).fetch(PriceQuery(**query), AT)}

    return fetched


@pytest.mark.parametrize(
    ("machine", "price"),
    [
        ("n1-standard-8", "0.379998"),
        ("n2-standard-8", "0.388472"),
        ("e2-standard-4", "0.13402284"),
        ("a2-highgpu-1g", "3.673385"),
        ("c3-highcpu-88", "3.742288"),
        ("g4-standard-48", "4.49993"),
        ("g4-standard-384", "35.99944"),
        ("a2-ultragpu-1g", "5.06879789041096"),  # with 375 GiB of local SSD
        ("a3-highgpu-8g", "88.4899999025753"),  # with 6,000 GiB of local SSD
    ],
)
def test_machines_to_the_last_digit(fetch: Callable[..., dict[tuple[str, str], PricePoint]], machine: str, price: str) -> None:
    found = fetch(skus=(machine,))[machine, "on_demand"]
    digits = Decimal(1).scaleb(Decimal(price).as_tuple().exponent)  # type: ignore[arg-type]
    assert found.price.quantize(digits) == Decimal(price)
    listed = PriceBook.load().offer("gcp", "us-central1", machine, "on_demand")
    assert listed is None or found.price.quantize(digits) == listed.price.quantize(digits)
    assert (found.unit, found.currency, found.as_of, found.source) == ("hour", "USD", AT, "Google Cloud Billing Catalog")


def test_local_ssd_that_a_machine_comes_with_is_in_its_price(
    catalog: Catalog, fetch: Callable[..., dict[tuple[str, str], PricePoint]]
) -> None:
    with_ssd = fetch(skus=("a3-highgpu-8g",))["a3-highgpu-8g", "on_demand"]
    assert "6000 x" in str(with_ssd.derived_from)
    assert (with_ssd.price - Decimal("87.832465656")).quantize(Decimal("1e-9")) == (
        Decimal(6000) * Decimal("0.08") / 730
    ).quantize(Decimal("1e-9"))
    catalog.skus = [one for one in catalog.skus if one.description != "SSD backed Local Storage"]
    assert fetch(skus=("a3-highgpu-8g",)) == {}  # no price rather than one without its storage


def test_spot_and_commitments_and_all_pages(catalog: Catalog, fetch: Callable[..., dict[tuple[str, str], PricePoint]]) -> None:
    found = fetch(regions=("us-central1",))
    assert found["n2-standard-8", "spot"].price == Decimal("0.112")
    assert found["n2-standard-8", "reserved_1y"].price == 8 * Decimal("0.019915") + 32 * Decimal("0.002669")
    assert found["n1-standard-8", "reserved_3y"].price == 8 * Decimal("0.014225") + 30 * Decimal("0.001907")
    assert ("a2-highgpu-1g", "spot") not in found  # a part of it has no spot price
    assert len(catalog.asked) == -(-len(CATALOGUE) // 7)
    assert catalog.asked[:2] == ["services/6F81-5844-456A ", "services/6F81-5844-456A 7"]


def test_a_spot_sku_that_says_on_demand(catalog: Catalog, fetch: Callable[..., dict[tuple[str, str], PricePoint]]) -> None:
    catalog.skus = [*family("N2", "0.03", "0.004"), *family("N2", "0.01", "0.001", "OnDemand", "Spot Preemptible ")]
    found = fetch(skus=("n2-standard-8",))
    assert found["n2-standard-8", "on_demand"].price == Decimal("0.368")
    assert found["n2-standard-8", "spot"].price == Decimal("0.112")


def test_a_series_without_its_maker_s_name(fetch: Callable[..., dict[tuple[str, str], PricePoint]]) -> None:
    """48 x 0.019564 + 180 x 0.002348 + 0.438108 on spot. A price of a part of a GPU is no part of a machine's."""
    found = fetch(skus=("g4-standard-48", "g4-standard-6"))
    assert found["g4-standard-48", "spot"].price == Decimal("1.79982")
    assert {name for name, _ in found} == {"g4-standard-48"}


def test_zero_is_no_price_and_contradictions_are_refused(catalog: Catalog) -> None:
    catalog.skus = [*family("N2", "0.03", "0.004"), *family("E2", "0", "0.004"), sku("N2 Instance Core running in Iowa", "0.04")]
    good, refused = checked(GcpCatalog(catalog.client).fetch(PriceQuery(skus=("n2-standard-8", "e2-standard-4")), AT))
    assert good == []
    assert [(one.fact.sku, one.reason) for one in refused] == [
        ("n2-standard-8", "the same name stands 2 times with different figures: 0.368, 0.448")
    ] * 2


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (grpc.StatusCode.UNAUTHENTICATED, "the Google session has expired"),
        (grpc.StatusCode.PERMISSION_DENIED, "Google refuses access"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "Google asks to slow down"),
        (grpc.StatusCode.INTERNAL, "does not answer as it should"),
    ],
)
def test_failures_between_pages(catalog: Catalog, fetch: Callable[..., object], code: grpc.StatusCode, says: str) -> None:
    catalog.error = (code, 1)
    with pytest.raises(OutsideError, match=says) as error:
        fetch()
    assert "ya29" not in f"{error.value.what} {error.value.where} {error.value.hint}"


def test_no_credentials_and_no_such_region(fetch: Callable[..., object]) -> None:
    def nobody() -> CloudCatalogClient:
        raise DefaultCredentialsError("none in ~/.config of someone")

    with pytest.raises(OutsideError, match="no Google credentials") as error:
        list(GcpCatalog(nobody).fetch(PriceQuery(), AT))
    assert "someone" not in f"{error.value.what} {error.value.hint}"
    with pytest.raises(UsageError, match="no region `us-centrum1`"):
        fetch(regions=("us-centrum1",))


@pytest.mark.parametrize("text", ["[]", "{", '{"type": "odd"}', '{"type": "service_account"}', "null"])
def test_credentials_of_a_strange_shape(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    (tmp_path / "key.json").write_text(text)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    with pytest.raises(OutsideError, match="Google credentials"):
        list(GcpCatalog().fetch(PriceQuery(), AT))
