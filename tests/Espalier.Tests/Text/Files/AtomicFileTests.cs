using Espalier.Text.Files;

namespace Espalier.Tests.Text.Files;

public class AtomicFileTests
{
    [Fact]
    public void Write_ThatFails_LeavesWhatWasThere()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("kept", "old");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(file, stream =>
        {
            stream.WriteByte(1);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(file));
        Assert.Equal([file], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Write_AfterAKilledAttempt_RemovesWhatItLeft()
    {
        using var folder = new TemporaryFolder();
        folder.Write($"kept.{Guid.NewGuid():N}.tmp", "half");
        string other = folder.Write("kept.notes.tmp", "someone's own");
        AtomicFile.Write(folder["kept"], stream => stream.WriteByte(1));
        Assert.Equal([folder["kept"], other], Directory.GetFiles(folder.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Write_WhileAnotherIsAtWork_LeavesItsFileAlone()
    {
        using var folder = new TemporaryFolder();
        AtomicFile.Write(folder["file"], stream =>
        {
            stream.WriteByte(1);
            AtomicFile.Write(folder["file"], inner => inner.WriteByte(2));
        });
        Assert.Equal([1], File.ReadAllBytes(folder["file"]));
        Assert.Single(Directory.GetFiles(folder.Path));
    }
}
