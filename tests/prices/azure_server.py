"""Stands in for Azure's retail prices: a server on loopback, and an item as it lists them."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]


class Server:
    """Answers one after the other, whatever is asked, and keeps the questions."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                status, headers, body = outer.answers.pop(0)
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None: ...

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/api/retail/prices"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def page(self, *items: dict[str, Any], link: str | None = None, count: int | None = None) -> None:
        body = {"Items": items, "NextPageLink": link and f"{self.url}?{link}", "Count": len(items) if count is None else count}
        self.answers.append((200, {}, json.dumps(body).encode()))

    def fails(self, status: int, **headers: str) -> None:
        self.answers.append((status, headers, b"no"))


def item(price: float, sku: str = "D2s v5", **other: Any) -> dict[str, Any]:
    return {
        "currencyCode": "USD", "tierMinimumUnits": 0.0, "retailPrice": price, "unitPrice": price, "armRegionName": "eastus",
        "location": "US East", "effectiveStartDate": "2023-05-01T00:00:00Z", "meterId": "m-1", "meterName": sku,
        "productId": "DZH", "skuId": "DZH/1", "productName": "Virtual Machines Dsv5 Series", "skuName": sku,
        "serviceName": "Virtual Machines", "serviceFamily": "Compute", "unitOfMeasure": "1 Hour", "type": "Consumption",
        "isPrimaryMeterRegion": True, "armSkuName": "Standard_D2s_v5", **other,
    }  # fmt: skip
