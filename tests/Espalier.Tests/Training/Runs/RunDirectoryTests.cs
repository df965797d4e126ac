using System.Net.Sockets;
using System.Text.Json;
using Espalier.Training.Runs;

namespace Espalier.Tests.Training.Runs;

public class RunDirectoryTests
{
    [Fact]
    public void Open_LockThatCannotBeWritten_IsNoOtherProcess()
    {
        using var folder = new TemporaryFolder();
        Create(folder["run"]).Dispose();
        File.Delete(folder["run/.lock"]);

        // Opening a socket as a file fails for everyone, as on a read-only file system, and not because it is held.
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder["run/.lock"]));
        Assert.Throws<RunStorageException>(() => RunDirectory.Open(folder["run"]));
        Assert.False(RunDirectory.IsHeld(folder["run"]));
    }

    [Fact]
    public async Task IsHeld_AskedAgainAndAgain_KeepsNobodyFromOpening()
    {
        using var folder = new TemporaryFolder();
        Create(folder["run"]).Dispose();
        using var asking = new CancellationTokenSource();
        Task asker = Task.Run(() =>
        {
            while (!asking.IsCancellationRequested)
            {
                RunDirectory.IsHeld(folder["run"]);
                Thread.Sleep(1);
            }
        });
        for (int i = 0; i < 100; i++)
        {
            RunDirectory.Open(folder["run"]).Dispose();
        }

        asking.Cancel();
        await asker;
        using RunDirectory held = RunDirectory.Open(folder["run"]);
        Assert.True(RunDirectory.IsHeld(folder["run"]));
    }

    private static RunDirectory Create(string path) => RunDirectory.Create(path, new RunManifest
    {
        Kind = "test",
        Version = "1",
        Created = default,
        Machine = MachineRecord.Here("test", 1),
        TokenizerFingerprint = "",
        DataFingerprint = "",
        Configuration = JsonDocument.Parse("{}").RootElement,
    });
}
