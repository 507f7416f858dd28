"""A server of a few pages."""

from aiohttp import web


class Site:
    """Serves the pages of an application on one port."""

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        """``port`` may be 0: any that is free."""
        self._host = host
        self._port = port
        # No access log: nobody reads one of probes, and the path of a page may be the right to act.
        self._runner = web.AppRunner(app, access_log=None)

    async def start(self) -> None:
        """Begin to listen; raises OSError when the port is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    @property
    def address(self) -> str:
        """Where it listens, with the port that was taken; empty while it does not."""
        if not self._runner.addresses:
            return ""
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"
