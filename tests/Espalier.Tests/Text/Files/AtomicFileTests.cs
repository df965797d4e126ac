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
}
