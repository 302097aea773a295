// Two small services on this host: the one that the policy lets Alice's agent reach, and another.
const http = require('http');
for (const port of [8080, 9090])
  http.createServer((request, response) => response.end(`hello from port ${port}\n`))
      .listen(port, '127.0.0.1', () => console.log(`port ${port} is served`));
