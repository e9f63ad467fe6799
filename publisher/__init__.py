"""Programs that publish: the shipper of files, the simulator, the demo."""
