// Sends two log records in JSON, in protobuf and packed: node otlp.mjs URL
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { OTLPLogExporter as InJson } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as InProtobuf } from '@opentelemetry/exporter-logs-otlp-proto';

const [url] = process.argv.slice(2);
for (const [Exporter, compression] of [[InJson, 'none'], [InProtobuf, 'none'], [InJson, 'gzip']]) {
  const exporter = new Exporter({ url, compression });
  const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] });
  const logger = provider.getLogger('shop');
  logger.emit({ body: 'plain é', attributes: { n: 2 ** 53, x: NaN, list: [1, 'a', null] } });
  logger.emit({ body: { map: [1, 2] } });
  await provider.shutdown();
}
