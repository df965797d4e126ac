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

        Directory.CreateDirectory(folder["empty"]);
        RunPlace.Claim(folder["empty"], new RunStorage()).Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(folder["empty"]));
    }

    // Taken for the run's own, the first would be deleted, the second restored, and the third counted as done.
    [Theory]
    [InlineData("mine.tmp")]
    [InlineData("checkpoints/step-500/state.json")]
    [InlineData("trials.jsonl")]
    public void Claim_FolderThatIsNotEmpty_IsRefusedByNameAndUntouched(string name)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.GetDirectoryName(folder[name])!);
        folder.Write(name, "mine");
        RunException fault = Assert.Throws<RunException>(() => RunPlace.Claim(folder.Path, new RunStorage()));
        Assert.Contains($"is not empty: it holds {name.Split('/')[0]}", fault.Message);
        Assert.Equal([folder[name]], Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Claim_WhatAKilledProcessLeftOfABeginning_IsInNobodysWay()
    {
        using var folder = new TemporaryFolder();
        folder.Write(".lock", "");
        folder.Write("run.json.tmp", "{");
        Directory.CreateDirectory(folder["checkpoints"]);
        RunPlace.Claim(folder.Path, new RunStorage()).Dispose();
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
