"""Vigil: the application on one screen. `faststream run app:app` runs it.

A request travels through these files in this order: api/routes.py, publishers/guard_input.py,
subscribers/detection.py, subscribers/arbiter.py, subscribers/pii.py, subscribers/arbiter.py again,
subscribers/logging.py.
"""

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faststream import FastStream


def build() -> "FastStream":
    """The workers named in VIGIL_WORKERS, on one broker.

    Raises:
        SettingsError: a setting makes no sense.
    """
    from faststream import FastStream

    from app import publishers, tracing
    from app.publishers.unsettled import PublishedLedger
    from app.runtime.broker import new_broker
    from app.runtime.delivery import Delivery
    from app.runtime.lifecycle import Lifecycle
    from app.runtime.specification import specification
    from app.runtime.tracing import Tracing
    from app.settings import settings
    from app.subscribers.engines import check, preload

    config = settings()
    check(config.workers)
    broker = new_broker(config, name="vigil-" + "-".join(config.workers))
    tracing.start("vigil-worker")
    if tracing.enabled():
        broker.add_middleware(Tracing)
    broker.add_middleware(Delivery(PublishedLedger()))
    modules = [import_module(f"app.subscribers.{worker}") for worker in config.workers]
    broker.include_routers(*(module.router for module in modules))
    broker.include_routers(*publishers.routers())
    app = FastStream(broker, specification=specification(broker), logger=None)
    app.on_startup(partial(preload, config.workers))
    Lifecycle(broker, config).register(app)
    for module in modules:
        if hasattr(module, "register"):
            module.register(app)
    return app


def __getattr__(name: str) -> Any:
    # Built on demand: `import app.schemas` must not load a broker.
    if name == "app":
        from app.errors import VigilError

        try:
            globals()["app"] = application = build()
        except VigilError as error:
            raise SystemExit(f"vigil: {error}") from None
        return application
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
