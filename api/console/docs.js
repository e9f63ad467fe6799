// The page of /docs: what the OpenAPI document says, to be read and tried out. The address is relative, since
// the service may lie behind a proxy, below any path.

SwaggerUIBundle({ url: "openapi.json", dom_id: "#docs", deepLinking: true });
