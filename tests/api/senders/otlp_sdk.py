"""Sends three log records by the SDK's batch processor: python otlp_sdk.py URL [gzip]"""

import logging
import sys

from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

url, packed = sys.argv[1], "gzip" in sys.argv[2:]
provider = LoggerProvider(resource=Resource.create({"service.name": "sdk"}))
set_logger_provider(provider)
compression = Compression.Gzip if packed else Compression.NoCompression
exporter = OTLPLogExporter(endpoint=url, compression=compression)
provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
logger = logging.getLogger("shop")
logger.addHandler(LoggingHandler(logger_provider=provider))
logger.setLevel(logging.INFO)
logger.info("plain é")
logger.warning("with a value", extra={"n": 2**53 + 1})
logger.error("the last")
provider.shutdown()
