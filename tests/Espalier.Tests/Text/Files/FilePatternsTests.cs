using Espalier.Text;
using Espalier.Text.Files;

namespace Espalier.Tests.Text.Files;

public class FilePatternsTests
{
    [Fact]
    public void Expand_PatternsAndNames_GivesEachFileOnceInOrder()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["sub"]);
        foreach (string name in new[] { "b.txt", "a.txt", "B.txt", "a.csv", "sub/c.txt", "[odd]*.txt" })
            folder.Write(name, "");
        Assert.Equal(["[odd]*.txt", "a.csv", "B.txt", "a.txt", "b.txt", "sub/c.txt"], Expand("[odd]*.txt", "a.csv", "?.none", "*.txt", "a.txt", "sub/../a.txt", "**/*.txt"));

        string[] Expand(params string[] patterns) =>
            [.. FilePatterns.Expand(patterns.Where(pattern => pattern != "?.none").Select(pattern => folder[pattern])).Select(file => Path.GetRelativePath(folder.Path, file))];
    }

    [Fact]
    public void Expand_PatternWithoutMatch_Throws()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(folder["*.txt"], Assert.Throws<TextException>(() => FilePatterns.Expand([folder["*.txt"]])).File);
        Assert.Throws<TextException>(() => FilePatterns.Expand([folder["missing/*.txt"]]));
    }
}
