"""The report: our figures beside the papers', as Markdown and HTML."""
