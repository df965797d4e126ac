using Espalier.Text;
using Espalier.Text.Files;

namespace Espalier.Tests.Text.Files;

public class AtomicFolderTests
{
    [Fact]
    public void Write_AfterAKilledAttempt_RemovesWhatItLeft()
    {
        using var folder = new TemporaryFolder();
        string left = $"{folder["out"]}.{Guid.NewGuid():N}.tmp";
        Directory.CreateDirectory(left);
        File.WriteAllText(Path.Join(left, "half"), "written");
        folder.Write(Path.GetFileName(left) + ".lock", "");
        // Of other folders, and not ours to remove.
        string other = Directory.CreateDirectory(folder["out.backup.tmp"]).FullName;
        Assert.Equal(7, AtomicFolder.Write(folder["out"], path => File.Exists(Path.Join(path, "half")) ? 0 : 7));
        Assert.Equal([folder["out"], other], Directory.GetFileSystemEntries(folder.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Write_WhileAnotherIsAtWork_LeavesItsFolderAlone()
    {
        using var folder = new TemporaryFolder();
        AtomicFolder.Write(folder["out"], path =>
        {
            File.WriteAllText(Path.Join(path, "mine"), "");
            Assert.Throws<InvalidOperationException>(() => AtomicFolder.Write<int>(folder["out"], _ => throw new InvalidOperationException()));
            return 0;
        });
        Assert.Equal([folder["out"]], Directory.GetFileSystemEntries(folder.Path));
        Assert.True(File.Exists(Path.Join(folder["out"], "mine")));
    }

    [Fact]
    public void Write_ToWhatExists_Refuses()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("exists already", Assert.Throws<TextException>(() => AtomicFolder.Write(folder.Path, _ => 0)).Message);
    }
}
