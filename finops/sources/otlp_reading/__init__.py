"""Reading OTLP: documents, lines and Protobuf into rows of calls, runs and samples."""
