using Espalier.Training.Runs;

namespace Espalier.Tests.Training.Runs;

public class RunPlaceTests
{
    [Fact]
    public void Dispose_NoRunBegun_LeavesNothingOfItsOwn()
    {
        using var folder = new TemporaryFolder();
        RunPlace.Claim(folder["runs/new/run"], new RunStorage()).Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));

        string note = folder.Write("there.txt", "mine");
        RunPlace.Claim(folder.Path, new RunStorage()).Dispose();
        Assert.Equal([note], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Claim_CannotBeWrittenOrIsHeld_SaysWhich()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("file", "");
        Assert.Throws<RunStorageException>(() => RunPlace.Claim(Path.Join(file, "run"), new RunStorage()));
        using RunPlace held = RunPlace.Claim(folder["run"], new RunStorage());
        Assert.Throws<RunLockedException>(() => RunPlace.Claim(folder["run"], new RunStorage()));
    }
}
